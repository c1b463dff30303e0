const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix milliseconds of an RFC 3339 time such as `2026-01-31T08:00:00Z`, or `undefined` for anything else. */
export function parseRfc3339Ms(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const plainMs = parsePlainMs(value);
  if (plainMs !== undefined) return plainMs;
  if (!RFC_3339.test(value)) return undefined;
  const timeMs = Date.parse(value);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** The form that Kubernetes itself writes, read without a pattern: an object has many times. `undefined`: look closer. */
function parsePlainMs(text: string): number | undefined {
  if (text.length !== 20 || !hasMarks(text)) return undefined;
  const year = digitsAt(text, 0) * 100 + digitsAt(text, 2);
  const month = digitsAt(text, 5);
  const day = digitsAt(text, 8);
  const hours = digitsAt(text, 11);
  const minutes = digitsAt(text, 14);
  const seconds = digitsAt(text, 17);
  const isPlain =
    isWithin(year, 1000, 9999) &&
    isWithin(month, 1, 12) &&
    // Every month has so many; what is beyond is looked up.
    isWithin(day, 1, 28) &&
    isWithin(hours, 0, 23) &&
    isWithin(minutes, 0, 59) &&
    isWithin(seconds, 0, 59);
  return isPlain ? Date.UTC(year, month - 1, day, hours, minutes, seconds) : undefined;
}

/** `0000-00-00T00:00:00Z` */
function hasMarks(text: string): boolean {
  return (
    text[4] === "-" &&
    text[7] === "-" &&
    text[10] === "T" &&
    text[13] === ":" &&
    text[16] === ":" &&
    text[19] === "Z"
  );
}

/** The number that two characters write; NaN if they don't. */
function digitsAt(text: string, index: number): number {
  const tens = text.charCodeAt(index) - 48;
  const ones = text.charCodeAt(index + 1) - 48;
  return isWithin(tens, 0, 9) && isWithin(ones, 0, 9) ? tens * 10 + ones : Number.NaN;
}

/** False for NaN. */
function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
