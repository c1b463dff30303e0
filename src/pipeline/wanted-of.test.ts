import { expect, test } from "vitest";
import type { KindFacts } from "../cluster/kube-object.ts";
import type { NamespaceSelection } from "../cluster/namespace-patterns.ts";
import { parseResourcePatterns } from "../cluster/resource-patterns.ts";
import type { Shard } from "../cluster/shard.ts";
import { DATABASE_KIND } from "../testing/kube-change.ts";
import { wantedOf } from "./wanted-of.ts";

const { group, resource } = DATABASE_KIND;
const NAME = `${resource}.${group}`;
const DEPLOYMENTS: KindFacts = { ...DATABASE_KIND, group: "apps", resource: "deployments" };
const ALL: NamespaceSelection = { type: "all" };
const IN_PROD: NamespaceSelection = { type: "names", names: ["prod"] };
const LIKE_PROD: NamespaceSelection = {
  type: "filter",
  patterns: "prod-*",
  accepts: () => true,
};

function ask(
  key: string,
  wishes: {
    readonly resources?: string;
    readonly namespaces?: NamespaceSelection;
    readonly labels?: string;
    readonly shard?: Shard;
    readonly facts?: KindFacts;
  },
): string {
  const parsed = parseResourcePatterns([wishes.resources ?? "customresources"]);
  if (parsed.type !== "patterns") throw new Error("The test's pattern is wrong");
  return wantedOf(
    { key, facts: wishes.facts ?? DATABASE_KIND },
    {
      resources: parsed.patterns,
      namespaces: wishes.namespaces ?? ALL,
      labelSelector: wishes.labels,
      shard: wishes.shard,
    },
  );
}

test.each([
  { name: "as it was asked for", key: NAME, wishes: {}, wanted: "watch" },
  { name: "by name", key: NAME, wishes: { resources: NAME }, wanted: "watch" },
  { name: "another kind alone", key: NAME, wishes: { resources: "pods" }, wanted: "nothing" },
  {
    name: "a built-in kind where custom ones are",
    key: "deployments.apps",
    wishes: { facts: DEPLOYMENTS },
    wanted: "nothing",
  },
  { name: "one namespace now", key: NAME, wishes: { namespaces: IN_PROD }, wanted: "kind" },
  {
    name: "one namespace still",
    key: `${NAME}|namespace=prod`,
    wishes: { namespaces: IN_PROD },
    wanted: "watch",
  },
  {
    name: "another namespace",
    key: `${NAME}|namespace=test`,
    wishes: { namespaces: IN_PROD },
    wanted: "kind",
  },
  {
    name: "other patterns of namespaces",
    key: `${NAME}|namespaces=test-*`,
    wishes: { namespaces: LIKE_PROD },
    wanted: "kind",
  },
  {
    name: "the same patterns of namespaces",
    key: `${NAME}|namespaces=prod-*`,
    wishes: { namespaces: LIKE_PROD },
    wanted: "watch",
  },
  { name: "a selector now", key: NAME, wishes: { labels: "a=b" }, wanted: "kind" },
  { name: "a shard now", key: NAME, wishes: { shard: { index: 0, count: 3 } }, wanted: "kind" },
  {
    name: "the same shard",
    key: `${NAME}|shard=0/3`,
    wishes: { shard: { index: 0, count: 3 } },
    wanted: "watch",
  },
])("wantedOf() a remembered watch says $wanted, given $name", ({ key, wishes, wanted }) => {
  expect(ask(key, wishes)).toBe(wanted);
});
