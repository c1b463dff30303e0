import { expect, test } from "vitest";
import type { KindFacts } from "./kube-object.ts";
import { planWatches } from "./plan-watches.ts";
import { formatWatchKey } from "./watch-event.ts";

const HINTS = { phases: [], printerColumns: [] };
const PODS: KindFacts = {
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: HINTS,
};
const NODES: KindFacts = { ...PODS, kind: "Node", resource: "nodes", scope: "Cluster" };
const ALL = { labelSelector: undefined, shard: undefined };
const KINDS = [{ facts: PODS }, { facts: NODES }];

function accepts(namespace: string): boolean {
  return namespace === "a";
}

test("planWatches() watches each kind once when all namespaces are wanted", () => {
  const planned = planWatches(KINDS, { type: "all" }, { ...ALL, labelSelector: "tier=gold" });

  expect(planned).toEqual([
    { key: { group: "", resource: "pods", labelSelector: "tier=gold" }, facts: PODS },
    { key: { group: "", resource: "nodes", labelSelector: "tier=gold" }, facts: NODES },
  ]);
});

test("planWatches() watches namespaced kinds once per named namespace, cluster-scoped kinds once", () => {
  const namespaces = { type: "names", names: ["a", "b"] } as const;

  const planned = planWatches(KINDS, namespaces, { ...ALL, labelSelector: "" });

  expect(planned.map(({ key }) => key)).toEqual([
    { group: "", resource: "pods", namespace: "a" },
    { group: "", resource: "pods", namespace: "b" },
    { group: "", resource: "nodes" },
  ]);
});

test("planWatches() filters only namespaced kinds, and says by which patterns: others are another watch", () => {
  const namespaces = { type: "filter", patterns: "prod-*", accepts } as const;

  const planned = planWatches(KINDS, namespaces, ALL);

  expect(planned).toEqual([
    {
      key: { group: "", resource: "pods", namespacePatterns: "prod-*" },
      facts: PODS,
      namespaceFilter: accepts,
    },
    { key: { group: "", resource: "nodes" }, facts: NODES },
  ]);
});

test("planWatches() of another shard is another watch, whose name still ends with the labels", () => {
  const selection = { labelSelector: "tier=gold", shard: { index: 1, count: 3 } };

  const planned = planWatches([{ facts: PODS }], { type: "names", names: ["a"] }, selection);

  expect(planned.map(({ key }) => formatWatchKey(key))).toEqual([
    "pods|namespace=a|shard=1/3|labels=tier=gold",
  ]);
});
