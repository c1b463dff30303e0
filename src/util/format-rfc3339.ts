/** `2023-10-26T10:00:00Z`, with milliseconds only where there are some; the time must be one that a Date can hold. */
export function formatRfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}
