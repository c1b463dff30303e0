/** Which traces are sent: decided on the trace id alone, so that every replica and every restart decides alike. */
export type Sampler = (traceId: string) => boolean;

/** The last 56 bits of a trace id are what ratios are decided on (OpenTelemetry's probability sampling). */
const RANDOM_HEX_DIGITS = 14;
const RANDOM_RANGE = 2 ** 56;

/** The share of all traces that is sent, from 0 to 1. */
export function createSampler(ratio: number): Sampler {
  if (ratio >= 1) return () => true;
  if (ratio <= 0) return () => false;
  const rejected = (1 - ratio) * RANDOM_RANGE;
  return (traceId) => Number.parseInt(traceId.slice(-RANDOM_HEX_DIGITS), 16) >= rejected;
}
