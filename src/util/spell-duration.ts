const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * A duration in a sentence, by its two largest units: `42 s`, `3 min 20 s`, `2 h 5 min`, `12 d 4 h`. Below a second it
 * says so and no more: Kubernetes' own times are whole seconds.
 */
export function spellDuration(durationMs: number): string {
  if (durationMs < SECOND_MS) return "less than 1 s";
  if (durationMs < MINUTE_MS) return `${Math.floor(durationMs / SECOND_MS)} s`;
  if (durationMs < HOUR_MS)
    return inTwo(durationMs, { largeMs: MINUTE_MS, large: "min", smallMs: SECOND_MS, small: "s" });
  if (durationMs < DAY_MS)
    return inTwo(durationMs, { largeMs: HOUR_MS, large: "h", smallMs: MINUTE_MS, small: "min" });
  return inTwo(durationMs, { largeMs: DAY_MS, large: "d", smallMs: HOUR_MS, small: "h" });
}

type Units = {
  readonly largeMs: number;
  readonly large: string;
  readonly smallMs: number;
  readonly small: string;
};

function inTwo(durationMs: number, units: Units): string {
  const large = Math.floor(durationMs / units.largeMs);
  const small = Math.floor((durationMs % units.largeMs) / units.smallMs);
  return small === 0
    ? `${large} ${units.large}`
    : `${large} ${units.large} ${small} ${units.small}`;
}
