/**
 * How long a test waits for what takes a moment on a machine with nothing else to do: long enough for one that has much
 * else to do, so that only what never comes fails for it. Shorter than a test's own limit: the better message wins.
 */
export const PATIENCE_MS = 60_000;
