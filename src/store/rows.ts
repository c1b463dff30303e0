/** One remembered object. The store knows none of the texts' meaning; empty strings stand for "not there". */
export type ObjectRow = {
  /** Given by the pipeline from `Store.nextObjectId`, so that rows are known by id before they are committed. */
  readonly id: number;
  readonly kindId: number;
  readonly watchId: number;
  /** Unix milliseconds at which the object wants to be looked at again. */
  readonly dueAt: number | null;
  readonly health: string;
  /** UID of the object that controls it, empty for none. */
  readonly owner: string;
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
};

/** What of an object its owner's trace tells. */
export type ChildRow = Pick<
  ObjectRow,
  "id" | "kindId" | "watchId" | "owner" | "uid" | "namespace" | "name" | "memory"
>;

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

/** By what an object is known, whether it is there or not. */
export type ObjectKey = { readonly kindId: number; readonly uid: string };

/** An object whose last changes wait for room in the outbox; but for the state that was last told, which may be large. */
export type WithheldRow = ObjectKey & {
  readonly changes: number;
  /** When the last of them was seen: Unix milliseconds. */
  readonly seenAtMs: number;
  /** Why it appeared, where nothing was told of it yet; null: it was. */
  readonly appearance: string | null;
  /** Where it is gone: the records of its deletion, as JSON. */
  readonly gone: string | null;
};

/** `reported`: what was last told of it, for one that begins to wait; undefined: as it is. */
export type WithheldMove = WithheldRow & { readonly reported: string | undefined };

export type WithheldMoves = {
  readonly moves: readonly WithheldMove[];
  /** Those that wait no more. */
  readonly ends: readonly ObjectKey[];
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

/** One of our own cumulative histograms. */
export type HistogramRow = Omit<CounterRow, "value"> & {
  /** Per bucket, the last without an upper bound. */
  readonly counts: readonly number[];
  readonly sum: number;
  /** As the pipeline writes it. */
  readonly exemplar: string | undefined;
};

/** What is added to one; the exemplar takes the place of the last one. */
export type HistogramDelta = Pick<
  HistogramRow,
  "metric" | "attributes" | "counts" | "sum" | "exemplar"
>;

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
  readonly histogramDeltas?: readonly HistogramDelta[];
  readonly requests: readonly OutboxRequest[];
  /** Absent: nothing begins, goes on or ends to wait for room. */
  readonly withheld?: WithheldMoves;
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
