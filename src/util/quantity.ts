const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

/** Longer than any real one; keeps hostile strings from the pattern. */
const MAX_LENGTH = 64;

/** Decimal suffixes go through the number's own exponent, which rounds once. */
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_FACTORS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export type Quantity = {
  readonly value: number;
  /** `Gi`, `m` …; empty for plain numbers and those with an exponent. */
  readonly suffix: string;
};

/**
 * Reads a Kubernetes quantity such as `500m`, `1Gi` or `2e3` (the grammar in apimachinery's `pkg/api/resource/quantity.go`).
 *
 * The value is a double: beyond 15 digits it is near, not exact. `undefined` for everything else.
 */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, number = "", suffix = "", exponent = DECIMAL_EXPONENTS[suffix] ?? 0] = match;
  const value = Number(`${number}e${exponent}`) * (BINARY_FACTORS[suffix] ?? 1);
  return Number.isFinite(value) ? { value, suffix } : undefined;
}
