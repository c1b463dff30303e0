import type { BenchOptions } from "./bench-arguments.ts";
import type { IdleFigures, LargeFigures, UpdateFigures } from "./measure.ts";
import type { TracesFigures } from "./measure-traces.ts";
import type { Peer } from "./peers.ts";

/** Everything that one session of the bench measured; with a profile only the updates. */
export type Figures = {
  readonly options: BenchOptions;
  readonly updates: UpdateFigures;
  /** CPU-seconds per 1M events of a bare Node that parses the same stream, before and after the updates. */
  readonly baseline: readonly number[];
  readonly large?: LargeFigures;
  readonly traces?: TracesFigures;
  readonly idle?: IdleFigures;
  /** Measured in this session, on the same stream. */
  readonly livePeer?: Peer;
};
