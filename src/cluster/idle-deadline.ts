import type { Clock } from "../util/clock.ts";

/** `onIdle` is called once, with the reader still waiting; it is expected to abort what the chunks come from. */
export type IdleDeadlineOptions = {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly onIdle: () => void;
};

/** Finds connections whose other end is gone without a word: no chunk came for `idleMs` while one was waited for. */
export class IdleDeadline {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #idleMs: number;
  #waitingSinceMs: number | undefined;
  #changed = new AbortController();

  constructor({ clock, idleMs, onIdle }: IdleDeadlineOptions) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  get idleMs(): number {
    return this.#idleMs;
  }

  /** Another patience from now on. */
  set(idleMs: number): void {
    if (idleMs === this.#idleMs) return;
    this.#idleMs = idleMs;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** Hands chunks on; the time that the consumer takes for them does not count. */
  async *guard(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const stop = new AbortController();
    this.#waitingSinceMs = this.#clock.now();
    void this.#watchOver(stop.signal);
    try {
      for await (const chunk of chunks) {
        this.#waitingSinceMs = undefined;
        yield chunk;
        this.#waitingSinceMs = this.#clock.now();
      }
    } finally {
      stop.abort();
      this.#changed.abort();
    }
  }

  async #watchOver(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const sinceMs = this.#waitingSinceMs;
      const idleForMs = sinceMs === undefined ? 0 : this.#clock.now() - sinceMs;
      if (idleForMs >= this.#idleMs) return this.#onIdle();
      await this.#clock.sleep(this.#idleMs - idleForMs, this.#changed.signal);
    }
  }
}
