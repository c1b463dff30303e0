/** How long was waited last, and when that was decided; fresh is `undefined`. */
export type Backoff = { readonly baseMs: number; readonly decidedAtMs: number };

const FIRST_MS = 800;
const FACTOR = 2;
const CAP_MS = 30_000;
/** Two minutes without a failure are taken for health. */
const RESET_AFTER_MS = 120_000;

/**
 * client-go's backoff of a reflector (`tools/cache/reflector.go`: 0.8 s, doubled up to 30 s, forgotten after two
 * minutes), each delay stretched by up to as much again, so that a thousand watches do not come back at once.
 *
 * `random` is in [0, 1); `atLeastMs` is what the server asked for; `capMs` is another cap than 30 s.
 */
export function nextBackoff(
  last: Backoff | undefined,
  nowMs: number,
  options: { readonly random: number; readonly atLeastMs?: number; readonly capMs?: number },
): { readonly backoff: Backoff; readonly delayMs: number } {
  const isFresh = last === undefined || nowMs - last.decidedAtMs - last.baseMs > RESET_AFTER_MS;
  const baseMs = isFresh ? FIRST_MS : Math.min(options.capMs ?? CAP_MS, last.baseMs * FACTOR);
  const delayMs = Math.max(options.atLeastMs ?? 0, baseMs * (1 + options.random));
  return { backoff: { baseMs, decidedAtMs: nowMs }, delayMs: Math.round(delayMs) };
}
