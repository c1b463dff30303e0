/** One remembered object. The store knows none of the texts' meaning; empty strings stand for "not there". */
export type ObjectRow = {
  /** Given by the pipeline from `Store.nextObjectId`, so that rows are known by id before they are committed. */
  readonly id: number;
  readonly kindId: number;
  readonly watchId: number;
  /** Unix milliseconds at which the object wants to be looked at again. */
  readonly dueAt: number | null;
  readonly health: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly memory: string;
  readonly managers: string;
  readonly metadata: string;
  readonly spec: string;
  readonly status: string;
  /** The state that was last told where it lags behind, as JSON; null: nothing lags. */
  readonly reported: string | null;
};

/** What of an object its gauges are made of: the rest may be a megabyte, and would be read for nothing. */
export type SeriesRow = Pick<
  ObjectRow,
  | "id"
  | "kindId"
  | "watchId"
  | "health"
  | "uid"
  | "namespace"
  | "name"
  | "apiVersion"
  | "resourceVersion"
  | "metadata"
  | "status"
>;

/** One watch as it was left: where to go on, and what was known of its kind. */
export type WatchRow = {
  readonly id: number;
  readonly kindId: number;
  /** What was known of its kind when it was last opened; null: it is new. */
  readonly knownFacts: string | null;
  readonly position: string | null;
  /** Unix milliseconds at which we last knew everything; null until a look was completed once. */
  readonly positionAt: number | null;
};

/** One watch that the file remembers, whether it runs or not. */
export type KnownWatch = {
  readonly id: number;
  readonly kindId: number;
  /** `formatWatchKey`. */
  readonly key: string;
  /** As `openWatch` was given them. */
  readonly facts: string;
};

/** One encoded request that waits for its acknowledgement. */
export type OutboxRow = {
  readonly id: number;
  readonly records: number;
  readonly body: Uint8Array;
};

/** One record that the collector refused for good. `body` is a whole request that holds it alone. */
export type DeadLetter = {
  readonly signal: string;
  readonly encoding: string;
  /** Unix milliseconds. */
  readonly refusedAtMs: number;
  /** What the collector said, for people. */
  readonly reason: string;
  readonly body: Uint8Array;
};

/** What became of a request in the outbox: it is over, or what is left of it is this. */
export type OutboxStep = {
  readonly id: number;
  readonly rest: Omit<OutboxRow, "id"> | undefined;
  readonly deadLetter?: DeadLetter;
};

/** One of our own cumulative counters. `startedAt` in Unix milliseconds. */
export type CounterRow = {
  readonly metric: string;
  /** JSON with sorted keys: the series' identity. */
  readonly attributes: string;
  readonly value: number;
  readonly startedAt: number;
  readonly announced: boolean;
};

/** Where a watch stands now: null while it looks at everything anew, so that who starts over does that too. */
export type PositionMove = {
  readonly watchId: number;
  readonly position: string | null;
  /** Unix milliseconds at which we last knew everything; null leaves what was known of that. */
  readonly atMs: number | null;
};

/** Everything that becomes true together, or not at all. */
export type UnitOfWork = {
  readonly upserts: readonly ObjectRow[];
  /** Row ids. */
  readonly removals: readonly number[];
  readonly positions: readonly PositionMove[];
  readonly counterDeltas: readonly {
    readonly metric: string;
    readonly attributes: string;
    readonly by: number;
  }[];
  readonly requests: readonly OutboxRequest[];
  readonly committedAtMs: number;
};

export type OutboxRequest = {
  readonly signal: string;
  readonly encoding: string;
  readonly records: number;
  /** JSON: watch key to the resourceVersion that the request covers. */
  readonly positions: string;
  readonly body: Uint8Array;
};
