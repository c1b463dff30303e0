import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt, isMap } from "../../util/json.ts";
import { findCondition, parseConditions, parseGeneration } from "../conditions.ts";
import type { Condition } from "../conditions.ts";
import { byCondition } from "./assessment.ts";
import type { Assessment, Subject } from "./assessment.ts";
import { conditionPolarity } from "./polarity.ts";

const GROUPS: ReadonlySet<string> = new Set([
  "gateway.networking.k8s.io",
  "gateway.networking.x-k8s.io",
]);

/** One list of conditions within a status: the object's own, or those of a parent, an ancestor or a listener. */
type Facet = {
  /** What messages begin with; empty for the object's own. */
  readonly about: string;
  readonly conditions: readonly Condition[];
  /** Types that must be True; others are only looked at where they are. */
  readonly needs: readonly string[];
};

/**
 * Rule 7: Gateway API objects, and others' policies and routes that report as it asks (`status.parents`,
 * `status.ancestors`). Conditions of older generations don't count (`apis/v1/*_types.go`, v1.6).
 */
export function gatewayApi({ object, facts }: Subject): Assessment | undefined {
  const facets = facetsOf(object, facts.group, facts.kind);
  if (facets === undefined) return undefined;
  if (facets.length === 0)
    return {
      health: "progressing",
      reason: "NoParents",
      message: "No controller has taken it up yet",
    };
  const generation = parseGeneration(fieldAt(object, "metadata", "generation"));
  const fresh = facets
    .map((facet) => withoutStale(facet, generation))
    .filter((facet) => facet !== undefined);
  if (fresh.length === 0) {
    return {
      health: "progressing",
      reason: "LatestGenerationNotObserved",
      message: "No controller has observed this generation yet",
    };
  }
  return (
    firstAnswer(fresh, refusal) ??
    firstAnswer(fresh, wait) ??
    firstAnswer(fresh, blemish) ?? {
      health: "current",
      reason: "Accepted",
      message: "Accepted and programmed as asked",
    }
  );
}

function facetsOf(object: KubeObject, group: string, kind: string): readonly Facet[] | undefined {
  if (!GROUPS.has(group)) return foreignFacets(object.status);
  if (kind === "GatewayClass") return [ownFacet(object.status, ["Accepted"])];
  if (kind === "Gateway" || kind.endsWith("ListenerSet")) {
    return [
      ownFacet(object.status, ["Accepted", "Programmed"]),
      ...nestedFacets(object.status, "listeners", []),
    ];
  }
  if (kind.endsWith("Route")) return nestedFacets(object.status, "parents", ["Accepted"]);
  if (kind.endsWith("Policy")) return nestedFacets(object.status, "ancestors", ["Accepted"]);
  return undefined;
}

/** Kinds of other groups: entries that name their controller, as the API requires, are how to know them. */
function foreignFacets(status: unknown): readonly Facet[] | undefined {
  if (!isMap(status)) return undefined;
  for (const field of ["parents", "ancestors"]) {
    const list = status[field];
    if (
      Array.isArray(list) &&
      list.some((entry) => typeof fieldAt(entry, "controllerName") === "string")
    ) {
      return nestedFacets(status, field, ["Accepted"]);
    }
  }
  return undefined;
}

function ownFacet(status: unknown, needs: readonly string[]): Facet {
  return { about: "", conditions: parseConditions(fieldAt(status, "conditions")), needs };
}

function nestedFacets(status: unknown, field: string, needs: readonly string[]): readonly Facet[] {
  const list = fieldAt(status, field);
  if (!Array.isArray(list)) return [];
  return list.filter(isMap).map((entry) => ({
    about: `${field.slice(0, -1)} ${nameOf(entry)}: `,
    conditions: parseConditions(entry["conditions"]),
    needs,
  }));
}

function nameOf(entry: unknown): string {
  const name =
    fieldAt(entry, "name") ??
    fieldAt(entry, "parentRef", "name") ??
    fieldAt(entry, "ancestorRef", "name");
  return typeof name === "string" ? name : "without a name";
}

/** The facet's conditions of the newest generation; nothing if a parent, ancestor or listener has only older ones. */
function withoutStale(facet: Facet, generation: number | undefined): Facet | undefined {
  if (generation === undefined) return facet;
  const conditions = facet.conditions.filter(
    (condition) => (condition.observedGeneration ?? generation) >= generation,
  );
  const isLeftOver = facet.about !== "" && conditions.length === 0 && facet.conditions.length > 0;
  return isLeftOver ? undefined : { ...facet, conditions };
}

function firstAnswer(
  facets: readonly Facet[],
  answer: (facet: Facet) => Assessment | undefined,
): Assessment | undefined {
  for (const facet of facets) {
    const found = answer(facet);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refusal({ about, conditions }: Facet): Assessment | undefined {
  const refused = conditions.find(
    ({ type, status }) => status === "False" && (type === "Accepted" || type === "ResolvedRefs"),
  );
  return refused === undefined ? undefined : byCondition("failed", refused, about);
}

const AWAITED: ReadonlySet<string> = new Set(["Accepted", "ResolvedRefs", "Programmed"]);

function wait({ about, conditions, needs }: Facet): Assessment | undefined {
  const awaited = conditions.find(({ type, status }) => status !== "True" && AWAITED.has(type));
  if (awaited !== undefined) return byCondition("progressing", awaited, about);
  const missing = needs.find((type) => findCondition(conditions, type) === undefined);
  if (missing === undefined) return undefined;
  return {
    health: "progressing",
    reason: `No${missing}`,
    message: `${about}${missing} is not reported yet`,
  };
}

/** Rule 13 for conditions that rule 13 does not see, because they are nested. */
function blemish({ about, conditions }: Facet): Assessment | undefined {
  const bad = conditions.find(
    ({ type, status }) => status === "True" && conditionPolarity(type) === "negative",
  );
  return bad === undefined ? undefined : byCondition("degraded", bad, about);
}
