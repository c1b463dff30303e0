const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line above this is no Kubernetes object (etcd takes 1.5 MiB, 10 MiB when told to): the stream is given up. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Bytes split anywhere become whole lines, one array per chunk that completes any: LF or CRLF, empty lines left out,
 * decoded as UTF-8 only when complete. What follows the last line feed is never yielded: a line cut off is no line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number = LINE_BYTES_MAX,
): AsyncGenerator<readonly string[]> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line =
        pending.length === 0
          ? decodeLine(chunk, start, end)
          : decodeJoined([...pending, chunk.subarray(start, end)]);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== "") lines.push(line);
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
    }
    if (lines.length > 0) yield lines;
    if (pendingBytes > lineBytesMax) {
      throw new Error(
        `Cannot read a line longer than ${lineBytesMax} bytes: got ${pendingBytes} bytes without a line feed`,
      );
    }
  }
}

function decodeJoined(parts: readonly Buffer[]): string {
  const whole = Buffer.concat(parts);
  return decodeLine(whole, 0, whole.length);
}

function decodeLine(bytes: Buffer, start: number, end: number): string {
  const stop = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  return bytes.toString("utf8", start, stop);
}
