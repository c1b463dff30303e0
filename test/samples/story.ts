import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { NewObject } from "../testbed/admin-client.ts";

/** What happens to the objects of one example, write by write, and what docs/contract.md promises of each write. */
export type Story = {
  /** The folder under `examples/`. */
  readonly example: string;
  readonly acts: Acts;
};

/** Two acts: between them the aggregates of the first are looked at. */
type Acts = readonly [first: readonly Step[], second: readonly Step[]];

/** One write, by one program. */
export type Step = {
  /** What durations of later steps refer to; unique for its object. */
  readonly name: string;
  readonly object: ObjectName;
  readonly write: Write;
  /** All records of this write, in any order. */
  readonly records: readonly RecordRow[];
  /** What its series show from now on, as far as it differs from the step before. */
  readonly shows: Partial<Shown>;
  /** Counted, but not told: how often as `ticked`. */
  readonly ticks?: number;
  /** False: the next write does not wait until this one was exported. */
  readonly waits?: false;
};

export type ObjectName = { readonly kind: string; readonly name: string };

export type Write =
  | {
      readonly type: "create";
      readonly manager: string;
      readonly object: (found: Find) => NewObject;
    }
  /** Server-side apply, of an object that is there or not. */
  | { readonly type: "apply"; readonly manager: string; readonly object: NewObject }
  | { readonly type: "patch"; readonly manager: string; readonly patch: unknown }
  /** The CRD is applied anew; from then on the object is seen under this version. */
  | { readonly type: "serve"; readonly definition: NewObject; readonly apiVersion: string }
  /** Through the status subresource. */
  | { readonly type: "status"; readonly manager: string; readonly status: unknown }
  /** `removed`: nothing holds it back, so it is gone at once. */
  | { readonly type: "delete"; readonly removed: boolean }
  /** The patch that takes the last finalizer away. */
  | { readonly type: "release"; readonly manager: string };

/** An object as the API server last answered it. */
export type Find = (name: ObjectName) => KubeObject;

export type Severity = "DEBUG" | "INFO" | "WARN" | "ERROR";

/** One record as docs/contract.md §4 promises it, besides what all records of its object have. */
export type RecordRow = {
  readonly action: string;
  readonly severity: Severity;
  /** Whose clock said when, and where it stands. */
  readonly when: When;
  /** The fifth column of `log.record.uid`: the condition's type, the phase, the health. */
  readonly detail: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly duration?: Since;
};

/** What `lifeline.duration` is reckoned from: a time, or the write of an earlier step of this object. */
export type Since =
  | { readonly type: "time"; readonly time: string }
  | { readonly type: "step"; readonly step: string };

export type When =
  | { readonly type: "creationTimestamp" }
  /** The newest time in managedFields. */
  | { readonly type: "managedFields" }
  | { readonly type: "lastTransitionTime"; readonly time: string }
  /** Earlier than the one before it. */
  | { readonly type: "disbelieved"; readonly time: string }
  | { readonly type: "deletion-request" }
  | { readonly type: "observed" };

/** What the series of one object show (docs/contract.md §5), besides its identity and the times that the API server chose. */
export type Shown = {
  readonly generation: number;
  readonly observedGeneration: number | undefined;
  readonly conditions: Readonly<Record<string, ShownCondition>>;
  readonly phase: string | undefined;
  readonly health: string;
  /** By the snake_case end of the metric's name; a string is an RFC 3339 time. */
  readonly status: Readonly<Record<string, number | string>>;
  readonly deletionRequested: boolean;
};

export type ShownCondition = { readonly status: string; readonly lastTransitionTime: string };

/** What a created object shows until somebody writes a status. */
export const UNTOUCHED: Shown = {
  generation: 1,
  observedGeneration: undefined,
  conditions: {},
  phase: undefined,
  health: "unknown",
  status: {},
  deletionRequested: false,
};
