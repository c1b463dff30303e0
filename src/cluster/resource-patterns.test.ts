import { expect, test } from "vitest";
import type { DiscoveredKind } from "./discovery.ts";
import { parseResourcePatterns, selectKinds, type SelectedKinds } from "./resource-patterns.ts";
import { formatResource } from "./watch-event.ts";

function kind(name: string, isCustom: boolean): DiscoveredKind {
  const [resource = "", ...group] = name.split(".");
  return {
    isCustom,
    facts: {
      group: group.join("."),
      version: "v1",
      kind: "K",
      resource,
      scope: "Namespaced",
      hasStatusSubresource: true,
      hints: { phases: [], printerColumns: [] },
    },
  };
}

const BUILT_IN = [
  "pods",
  "secrets",
  "events",
  "events.events.k8s.io",
  "endpoints",
  "endpointslices.discovery.k8s.io",
  "leases.coordination.k8s.io",
  "deployments.apps",
  "jobs.batch",
];
const CUSTOM = [
  "databases.example.com",
  "gateways.gateway.example.com",
  "ciliumendpoints.cilium.io",
  "vulnerabilityreports.aquasecurity.github.io",
  "ipamblocks.crd.projectcalico.org",
  "verticalpodautoscalers.autoscaling.k8s.io",
  "verticalpodautoscalercheckpoints.autoscaling.k8s.io",
];
const DISCOVERED = [
  ...BUILT_IN.map((name) => kind(name, false)),
  ...CUSTOM.map((name) => kind(name, true)),
];

function select(list: string): SelectedKinds {
  const parsed = parseResourcePatterns(list.split(","));
  if (parsed.type === "problems") throw new Error(JSON.stringify(parsed.problems));
  return selectKinds(parsed.patterns, DISCOVERED);
}

function names(kinds: readonly DiscoveredKind[]): readonly string[] {
  return kinds.map(({ facts }) => formatResource(facts));
}

test.each([
  { list: "pods", selected: ["pods"] },
  { list: "pods,databases.example.com", selected: ["pods", "databases.example.com"] },
  {
    list: "customresources",
    selected: [
      "databases.example.com",
      "gateways.gateway.example.com",
      "verticalpodautoscalers.autoscaling.k8s.io",
    ],
  },
  {
    list: "customresources,!*.gateway.example.com",
    selected: ["databases.example.com", "verticalpodautoscalers.autoscaling.k8s.io"],
  },
  { list: "!databases.example.com,*.example.com", selected: [] },
  { list: "*.*example.com", selected: ["databases.example.com", "gateways.gateway.example.com"] },
  { list: "*.gateway.example.com", selected: ["gateways.gateway.example.com"] },
  { list: "*", selected: ["pods"] },
  { list: "*.*,!customresources", selected: ["pods", "deployments.apps", "jobs.batch"] },
  { list: "secrets", selected: ["secrets"] },
  { list: "events.events.k8s.io,events", selected: ["events", "events.events.k8s.io"] },
  { list: "secret*", selected: [] },
  {
    list: "*.aquasecurity.github.io,vulnerabilityreports.aquasecurity.github.io",
    selected: ["vulnerabilityreports.aquasecurity.github.io"],
  },
  { list: "secrets,!secrets", selected: [] },
  { list: "database?.example.com".replace("?", "s"), selected: ["databases.example.com"] },
])("selectKinds() with $list selects $selected", ({ list, selected }) => {
  const found = select(list);

  expect(names(found.selected)).toEqual(selected);
});

test("selectKinds() tells what is hidden and which entries match nothing", () => {
  const found = select("customresources,sec*,databases.example.org,!nothing.here,pods");

  expect(names(found.hidden)).toEqual([
    "secrets",
    "ciliumendpoints.cilium.io",
    "vulnerabilityreports.aquasecurity.github.io",
    "ipamblocks.crd.projectcalico.org",
    "verticalpodautoscalercheckpoints.autoscaling.k8s.io",
  ]);
  expect(found.unmatched).toEqual(["databases.example.org", "!nothing.here"]);
});

test.each([
  ["", /is empty/],
  ["!", /is empty/],
  ["pods/log", /has a "\/"/],
  ["apps/v1/deployments", /has a "\/"/],
  ["Deployments.apps", /has capitals; .* such as "deployments.apps"/],
  ["po ds", /has "po ds" for a plural/],
  ["pods.", /has "" for a group/],
  [".apps", /has "" for a plural/],
  ["pods..apps", /has ".apps" for a group/],
  ["!!pods", /has "!pods" for a plural/],
])("parseResourcePatterns() refuses %j", (text, message) => {
  const parsed = parseResourcePatterns(["pods", text]);

  expect(parsed).toEqual({
    type: "problems",
    problems: [{ value: text, message: expect.stringMatching(message) }],
  });
});

test("parseResourcePatterns() tells all problems at once, and refuses a list that only excludes", () => {
  const several = parseResourcePatterns(["Pods", "a/b"]);
  const excludes = parseResourcePatterns(["!pods", "!secrets"]);

  expect(several).toMatchObject({ problems: [{ value: "Pods" }, { value: "a/b" }] });
  expect(excludes).toMatchObject({
    problems: [
      { value: "!pods,!secrets", message: expect.stringMatching(/^names nothing to watch/) },
    ],
  });
});
