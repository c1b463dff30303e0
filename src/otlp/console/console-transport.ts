import type { Writable } from "node:stream";
import { toError } from "../../util/to-error.ts";
import { whenAborted } from "../../util/when-aborted.ts";
import type { Transport } from "../transport.ts";

/** Writes all of the bytes; resolves when there is room for more, rejects when nobody reads any more. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/**
 * "Sends" ready-made lines by writing them; a reader that has gone refuses them for good, one that stalls is waited for
 * until the signal aborts.
 */
export function createConsoleTransport(write: WriteBytes): Transport {
  return async (body, signal) => {
    if (signal.aborted) return { type: "aborted" };
    const written = new AbortController();
    try {
      const isWritten = await Promise.race([
        write(body).then(() => true),
        whenAborted(signal, written.signal).then(() => false),
      ]);
      return isWritten ? { type: "accepted", rejected: 0, message: "" } : { type: "aborted" };
    } catch (thrown) {
      const cause = toError(thrown);
      return {
        type: "refused",
        error: new Error(`Cannot write to the console: ${cause.message}`, { cause }),
      };
    } finally {
      written.abort();
    }
  };
}

/** A `WriteBytes` over a stream, one write at a time in the callers' order: slow readers slow us down. */
export function writerTo(stream: Writable): WriteBytes {
  // Errors reach the writes' own callbacks; unheard as events they would end the process.
  stream.on("error", () => undefined);
  return (bytes) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    stream.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
    return promise;
  };
}
