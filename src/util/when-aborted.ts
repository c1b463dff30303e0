/** Resolves when the signal aborts; listens no longer than until `over` does, for a signal that outlives thousands of waits. */
export function whenAborted(signal: AbortSignal, over?: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const until = over === undefined ? {} : { signal: over };
    signal.addEventListener("abort", () => resolve(), { once: true, ...until });
  });
}
