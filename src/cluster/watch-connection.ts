import type { ApiFailure } from "./api-client.ts";
import { IdleDeadline } from "./idle-deadline.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { resourcePath } from "./resource-path.ts";
import { splitLines } from "./split-lines.ts";

/** Lines, and so events, per array at most: what a consumer does in one go without blocking the loop. */
const BATCH_MAX = 250;

type Request = {
  readonly query: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** How long it may be silent at first. */
  readonly idleMs: number;
};

/** The answer to a watch, read line by line; it has to be closed, or its socket stays. */
export class WatchConnection {
  readonly timeoutSeconds: number;
  readonly openedAtMs: number;
  readonly #request: AbortController;
  readonly #deadline: IdleDeadline;
  readonly #arrays: AsyncGenerator<readonly string[]>;
  #lines: readonly string[] = [];
  #start = 0;
  #isIdle = false;

  constructor(
    body: AsyncIterable<Uint8Array>,
    { timeoutSeconds, idleMs }: Request,
    opened: {
      readonly request: AbortController;
      readonly clock: WatchResourceOptions["clock"];
    },
  ) {
    const { request, clock } = opened;
    this.timeoutSeconds = timeoutSeconds;
    this.openedAtMs = clock.now();
    this.#request = request;
    const onIdle = (): void => {
      this.#isIdle = true;
      request.abort();
    };
    this.#deadline = new IdleDeadline({ clock, idleMs, onIdle });
    this.#arrays = splitLines(this.#deadline.guard(body));
  }

  /** The next lines, at most 250; undefined at the proper end of the answer. Throws where it breaks off. */
  async next(): Promise<readonly string[] | undefined> {
    if (this.#start >= this.#lines.length) {
      const next = await this.#arrays.next();
      if (next.done === true) return undefined;
      this.#lines = next.value;
      this.#start = 0;
    }
    const { length } = this.#lines;
    const start = this.#start;
    this.#start += BATCH_MAX;
    return start === 0 && length <= BATCH_MAX
      ? this.#lines
      : this.#lines.slice(start, start + BATCH_MAX);
  }

  /** So many of the last lines of what `next` gave have not been read: they come again. */
  putBack(count: number): void {
    this.#start = Math.min(this.#start, this.#lines.length) - count;
  }

  /** It broke because nothing came for so long. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  get idleMs(): number {
    return this.#deadline.idleMs;
  }

  /** Another patience with its silence from now on. */
  waitAtMost(idleMs: number): void {
    this.#deadline.set(idleMs);
  }

  async close(): Promise<void> {
    this.#request.abort();
    // Nobody reads on: what the abort breaks is no news.
    await this.#arrays.return(undefined).catch(() => undefined);
  }
}

/** Asks for a watch of the options' resource. */
export async function openConnection(
  request: Request,
  { client, facts, key, clock, signal }: WatchResourceOptions,
): Promise<WatchConnection | ApiFailure> {
  const stop = new AbortController();
  const opened = await client.openStream(resourcePath(facts, key.namespace), {
    query: {
      watch: "true",
      allowWatchBookmarks: "true",
      ...request.query,
      timeoutSeconds: String(request.timeoutSeconds),
      labelSelector: key.labelSelector,
    },
    signal: AbortSignal.any([signal, stop.signal]),
  });
  if (opened.type !== "open") return opened;
  return new WatchConnection(opened.body, request, { request: stop, clock });
}
