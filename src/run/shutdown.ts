/** What a signal means to a process that may be on its way out already. */
export type ShutdownStep = "begin" | "exit-at-once";

/**
 * Turns termination signals into one abort: the first asks for an orderly stop, any later one means now.
 *
 * `request` is called with each SIGTERM or SIGINT and answers what to do; main.ts does it.
 */
export class Shutdown {
  readonly #stop = new AbortController();

  /** Aborts when shutdown begins. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  request(): ShutdownStep {
    if (this.#stop.signal.aborted) return "exit-at-once";
    this.#stop.abort();
    return "begin";
  }
}
