/** Whether it is a time in milliseconds within the range of ECMAScript's Date, ±8.64e15. */
export function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

/** The time so many milliseconds after the origin, which is how rows hold times; `undefined` for what is none. */
export function readTime(offsetMs: unknown, originMs: number): number | undefined {
  if (typeof offsetMs !== "number") return undefined;
  const timeMs = originMs + offsetMs;
  return isTime(timeMs) ? timeMs : undefined;
}
