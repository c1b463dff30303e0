import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import type { FieldPath } from "../util/field-path.ts";

/**
 * A fact about one object, made by comparing what the cluster says with what was last remembered.
 *
 * Objects in it are trimmed and redacted. Per UID the order is `appeared (changed | elapsed)* disappeared`.
 */
export type Change = {
  readonly kind: KindFacts;
  readonly observedAtMs: number;
  /** It happened while nobody watched, so that what the cluster recorded is nearer than when it was observed. */
  readonly isLate?: boolean;
} & (
  | {
      readonly type: "appeared";
      readonly after: KubeObject;
      readonly cause: AppearanceCause;
      readonly specWrite?: SpecWrite;
    }
  | {
      readonly type: "changed";
      readonly before: KubeObject;
      readonly after: KubeObject;
      readonly differences: readonly Difference[];
      /** Who: `manager/operation[/subresource]`, a program's name for itself, not an authenticated user. */
      readonly managers: readonly string[];
      /** Unix milliseconds by the cluster's clock, whole seconds: the newest managedFields time that moved with it. */
      readonly writtenAtMs?: number;
      /** Only where the generation moved. */
      readonly specWrite?: SpecWrite;
    }
  | {
      readonly type: "disappeared";
      readonly before: KubeObject;
      readonly cause: DisappearanceCause;
      readonly finalStateUnknown: boolean;
    }
  /** The time that lifecycle asked to be woken at has come. */
  | { readonly type: "elapsed"; readonly after: KubeObject }
);

/** Who wrote anything but the status last, and when by the cluster's clock (Unix milliseconds, whole seconds). */
export type SpecWrite = { readonly managers: readonly string[]; readonly atMs?: number };

/**
 * `first-look`: it stood there when a watch without history looked for the first time.
 * `created`: it was created while or after we last looked.
 * `entered-view`: old, but new to us (a selector, a right).
 */
export type AppearanceCause = "first-look" | "created" | "entered-view";

/** `deleted`: the watch said so. `relist`: it was missing from a relist. `kind-gone`: its kind is no longer served. */
export type DisappearanceCause = "deleted" | "relist" | "kind-gone";

/** One value that differs; `undefined` stands for "not there". Neither side is an object or a list on both sides. */
export type Difference = {
  readonly path: FieldPath;
  readonly before: unknown;
  readonly after: unknown;
};
