import { expect, test } from "vitest";
import { appearance, changeBetween, database, NOW_MS } from "../testing/kube-change.ts";
import { createInterpret } from "./interpret.ts";
import type { Signal } from "./signal.ts";
import { startMemory } from "./next-memory.ts";

function ready(status: string, reason: string, phase: string): Record<string, unknown> {
  return { phase, conditions: [{ type: "Ready", status, reason, message: "" }] };
}

function tell(before: Record<string, unknown>, after: Record<string, unknown>): readonly Signal[] {
  const object = database({ status: before });
  const memory = startMemory({
    object,
    health: "progressing",
    observedAtMs: NOW_MS - 5_000,
    created: false,
  });
  const phase = { value: "Pending", sinceMs: NOW_MS - 42_000 };
  const change = changeBetween(object, database({ status: after }));
  return createInterpret({ clusterName: "moon" })(change, { ...memory, phase }).signals;
}

test("each step of a condition, a phase and a health is counted by what it became", () => {
  const signals = tell(ready("False", "Waiting", "Pending"), ready("True", "Up", "Ready"));

  const counted = signals.flatMap((signal) =>
    signal.type === "count" && signal.metric === "lifeline.object.transitions"
      ? [[signal.attributes["dimension"], signal.attributes["to"], signal.by]]
      : [],
  );
  expect(counted).toEqual([
    ["Ready", "True", 1],
    ["phase", "Ready", 1],
    ["health", "current", 1],
  ]);
});

test("what a created object has at its first sight counts as much as if it had been seen to come", () => {
  const born = database({ status: ready("False", "PullFailed", "Failed") });
  const metrics = (cause: "created" | "first-look"): readonly unknown[] =>
    createInterpret({})(appearance(born, cause), undefined).signals.flatMap((signal) =>
      signal.type === "count" && signal.metric === "lifeline.object.transitions"
        ? [[signal.attributes["dimension"], signal.attributes["to"]]]
        : [],
    );

  const counted = [metrics("created"), metrics("first-look")];

  expect(counted).toEqual([
    [
      ["Ready", "False"],
      ["phase", "Failed"],
      ["health", "failed"],
    ],
    [],
  ]);
});

test("a reason alone is no transition", () => {
  const signals = tell(ready("False", "Waiting", "Pending"), ready("False", "Pulling", "Pending"));

  expect(signals).not.toContainEqual(
    expect.objectContaining({ metric: "lifeline.object.transitions" }),
  );
});

test("the time in a phase is told when it is left, of the kind and without its namespace", () => {
  const signals = tell(ready("False", "Waiting", "Pending"), ready("True", "Up", "Ready"));

  expect(signals.filter(({ type }) => type === "duration")).toEqual([
    {
      type: "duration",
      metric: "lifeline.object.phase.duration",
      attributes: {
        "k8s.object.kind": "CustomDatabase",
        "k8s.object.group": "custom.example.com",
        "k8s.cluster.name": "moon",
        phase: "Pending",
      },
      durationMs: 42_000,
      atMs: NOW_MS,
    },
  ]);
});
