import { expect, test } from "vitest";
import { KIND_SERIES_ATTRIBUTES } from "./attribute-table.ts";
import { countPoints } from "./object-counts.ts";
import { listPoints } from "./points.ts";

function point(health: string, value: number): object {
  return { metric: "lifeline.objects", unit: "{object}", value, attributes: { health } };
}

const DATABASES = { kind: "CustomDatabase", group: "custom.example.com" };

test("countPoints() gives per kind and namespace a point for each health that there is", () => {
  const points = countPoints(
    [
      { ...DATABASES, namespace: "a", health: "current", count: 2 },
      { ...DATABASES, namespace: "a", health: "failed", count: 1 },
      { ...DATABASES, namespace: "b", health: "failed", count: 0 },
      { kind: "Node", group: "", health: "current", count: 3 },
      // A second watch of the same kind.
      { ...DATABASES, namespace: "a", health: "current", count: 5 },
    ],
    { clusterName: "prod-1" },
  );

  const inA = {
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.group": "custom.example.com",
    "k8s.namespace.name": "a",
    "k8s.cluster.name": "prod-1",
  };
  expect(Object.keys(inA)).toEqual(KIND_SERIES_ATTRIBUTES);
  expect(points.map((one) => ({ identity: one.identity, points: listPoints(one) }))).toEqual([
    { identity: inA, points: [point("current", 7), point("failed", 1)] },
    {
      identity: { "k8s.object.kind": "Node", "k8s.object.group": "", "k8s.cluster.name": "prod-1" },
      points: [point("current", 3)],
    },
  ]);
});

test("countPoints() of nothing are none", () => {
  expect(countPoints([], {})).toEqual([]);
});
