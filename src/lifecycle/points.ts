import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { rememberByName } from "../util/remember-by-name.ts";
import { parseGeneration } from "./conditions.ts";
import { deletionRequestedAtMs } from "./deletion-time.ts";
import { parseClusterTimeMs } from "./event-time.ts";
import { type Health, isHealthy } from "./health-words.ts";
import { type Identity, kindIdentity, readIdentity } from "./identity.ts";
import { inSeconds } from "./in-seconds.ts";
import { CONDITIONS_MAX } from "./memory.ts";
import { readPhase } from "./phase.ts";
import { presentConditions } from "./present-conditions.ts";
import type { Attributes, ObjectPoints, Point } from "./signal.ts";
import { type MetricName, METRICS } from "./signal-table.ts";
import { readStatusFields } from "./status-fields.ts";

export type PointOptions = { readonly clusterName?: string };

const NO_ATTRIBUTES: Attributes = {};

/**
 * All series of one object and their values (docs/contract.md §5): a pure function of the object and its health, so that the
 * series which a change ends are those before minus those after. The order of its conditions does not matter.
 */
export function objectPoints(
  object: KubeObject,
  facts: KindFacts,
  options: PointOptions & { readonly health: Health },
): ObjectPoints {
  const { health } = options;
  const identity = readIdentity(object, facts);
  const phase = readPhase(object)?.value;
  return {
    identity: {
      ...kindIdentity(identity, options.clusterName),
      "k8s.object.name": identity.name,
    },
    points: [
      point("lifeline.object.info", 1, infoAttributes(identity)),
      ...timesOf(object),
      ...generationsOf(object, identity),
      ...conditionPoints(object),
      ...(phase === undefined ? [] : [point("lifeline.object.phase", 1, { phase })]),
      point("lifeline.object.health", 1, { health }),
      point("lifeline.object.healthy", isHealthy(health) ? 1 : 0),
      ...statusPoints(object, facts),
    ],
  };
}

function infoAttributes({ apiVersion, owner }: Identity): Attributes {
  return {
    api_version: apiVersion,
    ...(owner === undefined ? {} : { owner_kind: owner.kind, owner_name: owner.name }),
  };
}

function timesOf(object: KubeObject): readonly Point[] {
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  return [
    ...optional("lifeline.object.created_time", inSeconds(createdAtMs)),
    ...optional("lifeline.object.deletion_time", inSeconds(deletionRequestedAtMs(object))),
  ];
}

function generationsOf(object: KubeObject, { generation }: Identity): readonly Point[] {
  const observed = parseGeneration(fieldAt(object.status, "observedGeneration"));
  return [
    ...optional("lifeline.object.generation", generation),
    ...optional("lifeline.object.observed_generation", observed),
  ];
}

function conditionPoints(object: KubeObject): readonly Point[] {
  const conditions = [...presentConditions(object).values()];
  conditions.sort((a, b) => (a.type < b.type ? -1 : 1));
  const points: Point[] = [];
  for (const { type, status, lastTransitionTime } of conditions.slice(0, CONDITIONS_MAX)) {
    // A condition without a status is one of which nothing is known.
    points.push(
      point("lifeline.object.condition", 1, { condition: type, status: status || "Unknown" }),
    );
    const movedAtMs = parseClusterTimeMs(lastTransitionTime);
    if (movedAtMs === undefined) continue;
    points.push(
      point("lifeline.object.condition.transition_time", inSeconds(movedAtMs), { condition: type }),
    );
  }
  return points;
}

function statusPoints(object: KubeObject, facts: KindFacts): readonly Point[] {
  return readStatusFields(object.status, facts.hints).map(({ name, value, isTime }) => ({
    metric: statusMetric(name),
    unit: isTime ? "s" : METRICS["lifeline.object.status.<field>"].unit,
    value,
    attributes: NO_ATTRIBUTES,
  }));
}

/** One string for all objects: a map that is asked for a metric need not hash it anew. */
const statusMetric = rememberByName((name) => `lifeline.object.status.${name}`);

function optional(metric: MetricName, value: number | undefined): readonly Point[] {
  return value === undefined ? [] : [point(metric, value)];
}

function point(metric: MetricName, value: number, attributes: Attributes = NO_ATTRIBUTES): Point {
  return { metric, unit: METRICS[metric].unit, value, attributes };
}
