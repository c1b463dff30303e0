import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { constants, createGunzip, gunzip } from "node:zlib";
import type { Dispatcher } from "undici";
import type { Clock } from "../util/clock.ts";

/** A refusal in words is short; a proxy's page that is longer is cut. */
const SMALL_BYTES_MAX = 64 * 1024;

const inflate = promisify(gunzip);

/** The whole body, decompressed; throws when the connection or the compression breaks. */
export async function readAll(response: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  // undici types chunks as any; without setEncoding they are Buffers.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return isGzip(response) ? await inflate(bytes) : bytes;
}

/**
 * A body that goes on, decompressed as it comes: all members of gzip, one after the other, and a member or a bookmark
 * is there as soon as its bytes are. Breaks where the compression does. Who leaves it early closes the request.
 * `undefined`: in an encoding that nobody asked for.
 */
export function streamBody(
  response: Dispatcher.ResponseData,
): AsyncIterable<Uint8Array> | undefined {
  const { "content-encoding": encoding = "identity" } = response.headers;
  if (encoding === "identity") return response.body;
  if (encoding !== "gzip") return undefined;
  // What breaks is thrown to who reads.
  return pipeline(response.body, createGunzip(), () => undefined);
}

/**
 * What a body says in its first 64 KiB and within `timeoutMs`; never throws. One that ends in time leaves its socket
 * to the next request, any other is cut.
 */
export async function readSmall(
  response: Dispatcher.ResponseData,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const done = new AbortController();
  async function cut(): Promise<void> {
    await clock.sleep(timeoutMs, done.signal);
    if (!done.signal.aborted) response.body.destroy();
  }
  void cut();
  let sizeBytes = 0;
  try {
    // undici types chunks as any; without setEncoding they are Buffers.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      sizeBytes += chunk.byteLength;
      if (sizeBytes >= SMALL_BYTES_MAX) break;
    }
  } catch {
    // Cut or broken: what came says enough.
  } finally {
    done.abort();
  }
  return decode(response, Buffer.concat(chunks).subarray(0, SMALL_BYTES_MAX));
}

async function decode(response: Dispatcher.ResponseData, bytes: Buffer): Promise<string> {
  if (!isGzip(response)) return bytes.toString("utf8");
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * SMALL_BYTES_MAX };
    return (await inflate(bytes, options)).toString("utf8");
  } catch {
    return "";
  }
}

function isGzip(response: Dispatcher.ResponseData): boolean {
  return response.headers["content-encoding"] === "gzip";
}
