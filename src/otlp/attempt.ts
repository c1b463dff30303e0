/** One attempt to send, bounded by its caller's signal and by time; call `end` when it is over. */
export type Attempt = {
  /** Aborts when either bound is reached. */
  readonly signal: AbortSignal;
  /** Which bound it was; the caller's wins if both. */
  endedBy(): "caller" | "time" | undefined;
  end(): void;
};

/**
 * `timeoutMs` 0 means no limit of time.
 *
 * By hand rather than by `AbortSignal.any`: the caller's signal lives as long as the process, and each attempt
 * has to leave nothing behind on it.
 */
export function startAttempt(caller: AbortSignal, timeoutMs: number): Attempt {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  const timer =
    timeoutMs > 0 && Number.isFinite(timeoutMs) ? setTimeout(abort, timeoutMs) : undefined;
  caller.addEventListener("abort", abort, { once: true });
  if (caller.aborted) abort();
  return {
    signal: controller.signal,
    endedBy() {
      if (caller.aborted) return "caller";
      return controller.signal.aborted ? "time" : undefined;
    },
    end() {
      clearTimeout(timer);
      caller.removeEventListener("abort", abort);
    },
  };
}
