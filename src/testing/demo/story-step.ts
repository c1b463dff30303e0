import type { JsonMap } from "../../util/json.ts";
import type { Writer } from "../simulated-api-server/managed-fields.ts";
import type { ObjectRef } from "../simulated-api-server/simulated-cluster.ts";

/** One thing that happens, `at` a fraction of the day (0 morning, 1 evening). Plain data: no times, no state. */
export type StoryStep = { readonly at: number } & (
  | { readonly type: "chapter"; readonly title: string }
  | ({ readonly type: "create"; readonly input: ObjectParts } & Written)
  | ({ readonly type: "update"; readonly patch: JsonMap } & Written)
  | ({
      readonly type: "status";
      readonly status: JsonMap;
      readonly conditions: readonly ConditionState[];
    } & Written)
  | ({ readonly type: "delete" } & Written)
);

type Written = { readonly ref: ObjectRef; readonly writer: Writer };

type ObjectParts = {
  readonly labels: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec: JsonMap;
};

/** A condition as an operator reports it; when it turned is known when the step is played. */
export type ConditionState = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};
