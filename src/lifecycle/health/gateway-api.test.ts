import { expect, test } from "vitest";
import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { assessHealth } from "./assess-health.ts";

const GROUP = "gateway.networking.k8s.io";

function assess(
  kind: string,
  status: unknown,
  group = GROUP,
): { health: string; reason: string; message: string } {
  const facts: KindFacts = {
    group,
    version: "v1",
    kind,
    resource: "things",
    scope: "Namespaced",
    hasStatusSubresource: true,
    hints: { phases: [], printerColumns: [] },
  };
  const metadata = { name: "x", uid: "1", resourceVersion: "1", generation: 2 };
  const object: KubeObject = { apiVersion: `${group}/v1`, kind, metadata, status };
  return assessHealth(object, facts, 0);
}

const STATUSES: Readonly<Record<string, string>> = { "+": "True", "-": "False", "?": "Unknown" };

/** `Accepted+` is True, `Accepted-` False, `Accepted?` Unknown; `@1` in the end makes it of generation 1. */
function conditions(...texts: readonly string[]): object {
  return { conditions: texts.map(conditionOf) };
}

function conditionOf(text: string): object {
  const [, type = "", sign = "", generation] = /^(\w+)([-+?])(?:@(\d))?$/.exec(text) ?? [];
  const condition = { type, status: STATUSES[sign], reason: `Reason${type}` };
  return generation === undefined
    ? condition
    : { ...condition, observedGeneration: Number(generation) };
}

function route(...parents: readonly object[]): object {
  return { parents: parents.map(parentOf) };
}

function parentOf(parent: object): object {
  return { controllerName: "example.com/c", parentRef: { name: "edge" }, ...parent };
}

const good = ["Accepted+@2", "ResolvedRefs+@2"];

test.each([
  ["no status", undefined, "progressing", "NoParents"],
  ["no parents", route(), "progressing", "NoParents"],
  ["parents that are none", { parents: "edge" }, "progressing", "NoParents"],
  ["a parent that is text", { parents: ["edge"] }, "progressing", "NoParents"],
  ["all good", route(conditions(...good)), "current", "Accepted"],
  [
    "all good without generations",
    route(conditions("Accepted+", "ResolvedRefs+")),
    "current",
    "Accepted",
  ],
  ["refused", route(conditions("Accepted-@2", "ResolvedRefs+@2")), "failed", "ReasonAccepted"],
  [
    "a reference is missing",
    route(conditions("Accepted+@2", "ResolvedRefs-@2")),
    "failed",
    "ReasonResolvedRefs",
  ],
  [
    "one of two parents refuses",
    route(conditions(...good), conditions("Accepted-@2")),
    "failed",
    "ReasonAccepted",
  ],
  [
    "refusal wins over waiting",
    route(conditions("Accepted?@2"), conditions("Accepted-@2")),
    "failed",
    "ReasonAccepted",
  ],
  ["not decided", route(conditions("Accepted?@2")), "progressing", "ReasonAccepted"],
  [
    "references not decided",
    route(conditions("Accepted+@2", "ResolvedRefs?@2")),
    "progressing",
    "ReasonResolvedRefs",
  ],
  ["accepted is not said", route(conditions("ResolvedRefs+@2")), "progressing", "NoAccepted"],
  ["a parent without conditions", route({}), "progressing", "NoAccepted"],
  [
    "not programmed",
    route(conditions(...good, "Programmed-@2")),
    "progressing",
    "ReasonProgrammed",
  ],
  [
    "all of an older generation",
    route(conditions("Accepted-@1")),
    "progressing",
    "LatestGenerationNotObserved",
  ],
  [
    "one parent is of an older generation",
    route(conditions(...good), conditions("Accepted-@1")),
    "current",
    "Accepted",
  ],
  [
    "an old refusal beside the new answer",
    route(conditions("ResolvedRefs-@1", "Accepted+@2")),
    "current",
    "Accepted",
  ],
  [
    "partially invalid",
    route(conditions(...good, "PartiallyInvalid+@2")),
    "degraded",
    "ReasonPartiallyInvalid",
  ],
  [
    "partially invalid once",
    route(conditions(...good, "PartiallyInvalid+@1")),
    "current",
    "Accepted",
  ],
])("rule 7, HTTPRoute: %s", (...[, status, health, reason]) => {
  expect(assess("HTTPRoute", status)).toMatchObject({ health, reason });
});

const up = conditions("Accepted+@2", "Programmed+@2");

test.each([
  ["no status", undefined, "progressing", "NoAccepted"],
  ["the CRD's defaults", conditions("Accepted?", "Programmed?"), "progressing", "ReasonAccepted"],
  ["programmed", up, "current", "Accepted"],
  ["accepted only", conditions("Accepted+@2"), "progressing", "NoProgrammed"],
  ["not programmed", conditions("Accepted+@2", "Programmed-@2"), "progressing", "ReasonProgrammed"],
  ["refused", conditions("Accepted-@2", "Programmed-@2"), "failed", "ReasonAccepted"],
  [
    "of an older generation",
    conditions("Accepted+@1", "Programmed+@1"),
    "progressing",
    "NoAccepted",
  ],
  [
    "a good listener",
    {
      ...up,
      listeners: [{ name: "https", ...conditions(...good, "Programmed+@2", "Conflicted-@2") }],
    },
    "current",
    "Accepted",
  ],
  [
    "a listener without conditions",
    { ...up, listeners: [{ name: "https" }] },
    "current",
    "Accepted",
  ],
  [
    "a listener without its certificate",
    { ...up, listeners: [{ name: "https", ...conditions("ResolvedRefs-@2") }] },
    "failed",
    "ReasonResolvedRefs",
  ],
  [
    "a listener not programmed",
    { ...up, listeners: [{ name: "https", ...conditions("Programmed-@2") }] },
    "progressing",
    "ReasonProgrammed",
  ],
  [
    "a listener's overlapping certificates",
    { ...up, listeners: [{ name: "https", ...conditions(...good, "OverlappingTLSConfig+@2") }] },
    "degraded",
    "ReasonOverlappingTLSConfig",
  ],
])("rule 7, Gateway: %s", (...[, status, health, reason]) => {
  expect(assess("Gateway", status)).toMatchObject({ health, reason });
});

test("rule 7 says whose condition it is", () => {
  const listeners = [{ name: "https", ...conditions("ResolvedRefs-@2") }];

  expect(assess("Gateway", { ...up, listeners }).message).toBe(
    "listener https: ResolvedRefs is False",
  );
  expect(assess("HTTPRoute", route(conditions("Accepted-@2"))).message).toBe(
    "parent edge: Accepted is False",
  );
});

test.each([
  ["GatewayClass accepted", "GatewayClass", GROUP, conditions("Accepted+@2"), "current"],
  ["GatewayClass that nobody takes", "GatewayClass", GROUP, undefined, "progressing"],
  ["ListenerSet", "ListenerSet", GROUP, up, "current"],
  [
    "XListenerSet",
    "XListenerSet",
    "gateway.networking.x-k8s.io",
    conditions("Accepted-@2"),
    "failed",
  ],
  [
    "BackendTLSPolicy",
    "BackendTLSPolicy",
    GROUP,
    { ancestors: [{ ancestorRef: { name: "edge" }, ...conditions("Accepted-@2") }] },
    "failed",
  ],
  [
    "BackendTLSPolicy without ancestors",
    "BackendTLSPolicy",
    GROUP,
    { ancestors: [] },
    "progressing",
  ],
  ["a kind of the group that reports nothing", "ReferenceGrant", GROUP, undefined, "unknown"],
  [
    "another group's policy",
    "RetryPolicy",
    "gateway.envoyproxy.io",
    { ancestors: [{ controllerName: "c", ...conditions("Accepted-@2") }] },
    "failed",
  ],
  ["another group's route", "TlsRoute", "example.com", route(conditions("Accepted+@2")), "current"],
  [
    "another group's parents of other meaning",
    "Person",
    "example.com",
    { parents: [{ name: "Ann", ...conditions("Accepted-@2") }] },
    "current",
  ],
])("rule 7: %s", (...[, kind, group, status, health]) => {
  expect(assess(kind, status, group).health).toBe(health);
});
