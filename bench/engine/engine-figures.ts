import type { Subject } from "./run-subject.ts";

export type EngineOptions = {
  /** Objects that are updated. */
  readonly objects: number;
  /** Watch events; a few deletions come on top. */
  readonly updates: number;
  /** Objects of the look; 0: no look is measured. */
  readonly large: number;
  /** How often a watch is ended; 0: not at all. */
  readonly reconnects: number;
  readonly seed: number;
};

/** `problems`: sentences for people; empty if it told exactly what the stream means. */
type Judged = { readonly problems: readonly string[] };

export type EventsFigures = Judged & {
  readonly events: number;
  /** All threads, user and system, from the first event to the last. */
  readonly cpuPerMillion: number;
  readonly eventsPerSecond: number;
};

/** Memory in megabytes (10⁶ bytes), resident. */
export type LookFigures = Judged & {
  readonly objects: number;
  /** Whether it took the objects as the beginning of a watch; else by a list. */
  readonly hasStreamed: boolean;
  /** From the process's first statement until all were told. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most that the process held until then. */
  readonly peakMb: number;
  /** What it holds after it has gone on to work off events. */
  readonly workMb: number;
  readonly eventLoopP99Ms: number;
};

export type ReconnectFigures = Judged & {
  readonly reconnects: number;
  /** TCP connections, counted on the server, its look included. */
  readonly connections: number;
  readonly seconds: number;
};

/** `failure`: why another's engine could not be measured. */
export type Measured<Figures> = { readonly subject: Subject } & (
  | (Figures & { readonly failure?: undefined })
  | { readonly failure: string }
);

/** Everything that one session measured of engines. */
export type EngineFigures = {
  readonly options: EngineOptions;
  /** The bare reader is there twice. */
  readonly events: readonly Measured<EventsFigures>[];
  readonly looks: readonly Measured<LookFigures>[];
  readonly reconnects: readonly Measured<ReconnectFigures>[];
};
