/** Milliseconds as seconds, as durations are told (`lifeline.duration`). */
export function inSeconds(durationMs: number): number;
export function inSeconds(durationMs: number | undefined): number | undefined;
export function inSeconds(durationMs: number | undefined): number | undefined {
  return durationMs === undefined ? undefined : durationMs / 1_000;
}
