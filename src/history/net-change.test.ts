import { expect, test } from "vitest";
import type { KubeObject, ManagedFieldsEntry } from "../cluster/kube-object.ts";
import { database, DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { netChange } from "./compare.ts";
import { encodeManagers, summarizeManagers } from "./managers.ts";
import { encodeState, type ObjectState } from "./object-state.ts";

function state(object: KubeObject, managers: readonly ManagedFieldsEntry[] = []): ObjectState {
  return encodeState(object, encodeManagers(summarizeManagers(managers)));
}

function between(before: ObjectState, after: ObjectState): ReturnType<typeof netChange> {
  return netChange({ facts: DATABASE_KIND, observedAtMs: NOW_MS, before, after });
}

function entry(manager: string, time: string): ManagedFieldsEntry {
  return { manager, operation: "Update", time };
}

test("netChange() says what differs between two remembered states, who wrote since, and when", () => {
  const [old, now] = [
    database({ status: { phase: "Ready" } }),
    database({ metadata: { resourceVersion: "9" }, status: { phase: "Failed" } }),
  ];

  const change = between(
    state(old, [entry("kubectl", "2023-10-26T09:00:00Z"), entry("op", "2023-10-26T09:00:00Z")]),
    state(now, [entry("kubectl", "2023-10-26T09:00:00Z"), entry("op", "2023-10-26T09:59:00Z")]),
  );

  expect(change).toEqual({
    type: "changed",
    kind: DATABASE_KIND,
    observedAtMs: NOW_MS,
    before: old,
    after: now,
    differences: [{ path: ["status", "phase"], before: "Ready", after: "Failed" }],
    managers: ["op/Update"],
    writtenAtMs: Date.parse("2023-10-26T09:59:00Z"),
  });
});

test.each([
  { name: "only the resourceVersion", after: database({ metadata: { resourceVersion: "9" } }) },
  {
    name: "the form, which is another API version's,",
    after: { ...database({ spec: {} }), apiVersion: "custom.example.com/v2" },
  },
])("netChange() of an object of which $name differs is that time has passed", ({ after }) => {
  const change = between(state(database()), state(after));

  expect(change).toEqual({ type: "elapsed", kind: DATABASE_KIND, observedAtMs: NOW_MS, after });
});
