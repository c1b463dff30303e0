/**
 * How long a test waits for what takes a moment on a machine with nothing else to do: long enough for one that has much
 * else to do, so that only what never comes fails for it. Shorter than a test's own limit: the better message wins.
 */
export const PATIENCE_MS = 60_000;

/** A program that is asked to end does so within 10 s (`LIFELINE_SHUTDOWN_TIMEOUT`); the rest is for a busy machine. */
export const ENDS_WITHIN_MS = 10_000 + 5_000;
