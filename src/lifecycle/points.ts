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
  const points = [infoPoint(identity)];
  addTimes(points, object);
  addGenerations(points, object, identity);
  addConditions(points, object);
  const phase = readPhase(object)?.value;
  if (phase !== undefined) points.push(phasePoint(phase));
  points.push(healthPoint(health), isHealthy(health) ? HEALTHY : UNHEALTHY);
  addStatusFields(points, object, facts);
  return {
    identity: {
      ...kindIdentity(identity, options.clusterName),
      "k8s.object.name": identity.name,
    },
    // Pins hold them for seconds: a copy has no room for more.
    points: [...points],
  };
}

function infoPoint({ apiVersion, owner }: Identity): Point {
  if (owner === undefined) return versionPoint(apiVersion);
  return point("lifeline.object.info", 1, {
    api_version: apiVersion,
    owner_kind: owner.kind,
    owner_name: owner.name,
  });
}

// What many objects have in common is one point: held by thousands of pins, soon compared, and its attributes encoded
// once per request.
const versionPoint = rememberByName((version) =>
  point("lifeline.object.info", 1, { api_version: version }),
);
const phasePoint = rememberByName((phase) => point("lifeline.object.phase", 1, { phase }));
const healthPoint = rememberByName((health) => point("lifeline.object.health", 1, { health }));
const HEALTHY = point("lifeline.object.healthy", 1);
const UNHEALTHY = point("lifeline.object.healthy", 0);
const conditionPoints = rememberByName((condition) => ({
  timeAttributes: { condition },
  byStatus: new Map(
    ["True", "False", "Unknown"].map((status) => [status, conditionPoint(condition, status)]),
  ),
}));

function conditionPoint(condition: string, status: string): Point {
  return point("lifeline.object.condition", 1, { condition, status });
}

function addTimes(points: Point[], object: KubeObject): void {
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  addKnown(points, "lifeline.object.created_time", inSeconds(createdAtMs));
  addKnown(points, "lifeline.object.deletion_time", inSeconds(deletionRequestedAtMs(object)));
}

function addGenerations(points: Point[], object: KubeObject, { generation }: Identity): void {
  const observed = parseGeneration(fieldAt(object.status, "observedGeneration"));
  addKnown(points, "lifeline.object.generation", generation);
  addKnown(points, "lifeline.object.observed_generation", observed);
}

function addConditions(points: Point[], object: KubeObject): void {
  const conditions = [...presentConditions(object).values()];
  conditions.sort((a, b) => (a.type < b.type ? -1 : 1));
  if (conditions.length > CONDITIONS_MAX) conditions.length = CONDITIONS_MAX;
  for (const { type, status: said, lastTransitionTime } of conditions) {
    // A condition without a status is one of which nothing is known.
    const status = said || "Unknown";
    const { timeAttributes, byStatus } = conditionPoints(type);
    points.push(byStatus.get(status) ?? conditionPoint(type, status));
    const movedAt = inSeconds(parseClusterTimeMs(lastTransitionTime));
    addKnown(points, "lifeline.object.condition.transition_time", movedAt, timeAttributes);
  }
}

function addStatusFields(points: Point[], object: KubeObject, facts: KindFacts): void {
  for (const { name, value, isTime } of readStatusFields(object.status, facts.hints)) {
    const unit = isTime ? "s" : METRICS["lifeline.object.status.<field>"].unit;
    points.push({ metric: statusMetric(name), unit, value, attributes: NO_ATTRIBUTES });
  }
}

/** One string for all objects: a map that is asked for a metric need not hash it anew. */
const statusMetric = rememberByName((name) => `lifeline.object.status.${name}`);

function addKnown(
  points: Point[],
  ...[metric, value, attributes]: [MetricName, number | undefined, Attributes?]
): void {
  if (value !== undefined) points.push(point(metric, value, attributes));
}

function point(metric: MetricName, value: number, attributes: Attributes = NO_ATTRIBUTES): Point {
  return { metric, unit: METRICS[metric].unit, value, attributes };
}
