/** How long was waited last, and when that was decided; fresh is `undefined`. */
export type Backoff = { readonly baseMs: number; readonly decidedAtMs: number };

const FIRST_MS = 800;
const FACTOR = 2;
const CAP_MS = 30_000;
/** Two minutes without a failure are taken for health. */
const RESET_AFTER_MS = 120_000;
/** A server or a proxy that asks for more is not believed: it may be back long before. */
const AT_LEAST_MAX_MS = 600_000;

/**
 * client-go's backoff of a reflector (`tools/cache/reflector.go`: 0.8 s, doubled up to 30 s, forgotten after two
 * minutes), each delay stretched by up to as much again, so that a thousand watches do not come back at once.
 *
 * `random` is in [0, 1); `atLeastMs` is what the server asked for, of which up to 10 minutes count; `capMs` is another cap than 30 s.
 */
export function nextBackoff(
  last: Backoff | undefined,
  nowMs: number,
  options: { readonly random: number; readonly atLeastMs?: number; readonly capMs?: number },
): { readonly backoff: Backoff; readonly delayMs: number } {
  const isFresh = last === undefined || nowMs - last.decidedAtMs - last.baseMs > RESET_AFTER_MS;
  const baseMs = isFresh ? FIRST_MS : Math.min(options.capMs ?? CAP_MS, last.baseMs * FACTOR);
  const delayMs = Math.max(
    Math.min(options.atLeastMs ?? 0, AT_LEAST_MAX_MS),
    baseMs * (1 + options.random),
  );
  return { backoff: { baseMs, decidedAtMs: nowMs }, delayMs: Math.round(delayMs) };
}
