/** The whole number that stands behind an option of a command line; throws a sentence for people if it is none or out of range. */
export function wholeNumber(
  option: string,
  text: string,
  [min, max]: readonly [number, number],
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`Cannot take ${option} "${text}": wanted a whole number from ${min} to ${max}`);
}
