import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { rememberByName } from "../util/remember-by-name.ts";
import { type Condition, parseGeneration } from "./conditions.ts";
import { deletionRequestedAtMs } from "./deletion-time.ts";
import { parseClusterTimeMs } from "./event-time.ts";
import { type Health, isHealthy } from "./health-words.ts";
import { type Identity, kindIdentity, readIdentity } from "./identity.ts";
import { inSeconds } from "./in-seconds.ts";
import { CONDITIONS_MAX } from "./memory.ts";
import { readPhase } from "./phase.ts";
import { presentConditions } from "./present-conditions.ts";
import type { Attributes, ObjectPoints, Point, Series } from "./signal.ts";
import { type MetricName, METRICS } from "./signal-table.ts";
import { readStatusFields } from "./status-fields.ts";

export type PointOptions = { readonly clusterName?: string };

const NO_ATTRIBUTES: Attributes = {};
const FIELD = "lifeline.object.status.<field>";

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
  const to: Growing = { series: [], values: [] };
  add(to, infoSeries(identity), 1);
  addTimes(to, object);
  addGenerations(to, object, identity);
  addConditions(to, object);
  const phase = readPhase(object)?.value;
  if (phase !== undefined) add(to, phaseSeries(phase), 1);
  add(to, healthSeries(health), 1);
  add(to, HEALTHY, isHealthy(health) ? 1 : 0);
  addStatusFields(to, object, facts);
  return {
    identity: {
      ...kindIdentity(identity, options.clusterName),
      "k8s.object.name": identity.name,
    },
    // Pins hold them for seconds: a copy has no room for more.
    series: to.series.slice(),
    values: to.values.slice(),
  };
}

/** Each point by itself. */
export function listPoints({ series, values }: ObjectPoints): readonly Point[] {
  return series.map((one, index) => pointOf(one, values[index]));
}

/** Without a value it is NaN. */
export function pointOf(
  { metric, unit, attributes }: Series,
  value: number | undefined = Number.NaN,
): Point {
  return { metric, unit, value, attributes };
}

type Growing = { readonly series: Series[]; readonly values: number[] };

function add(to: Growing, series: Series, value: number): void {
  to.series.push(series);
  to.values.push(value);
}

function addKnown(to: Growing, series: Series, value: number | undefined): void {
  if (value !== undefined) add(to, series, value);
}

function seriesOf(metric: MetricName, attributes: Attributes = NO_ATTRIBUTES): Series {
  return { metric, unit: METRICS[metric].unit, attributes };
}

function infoSeries({ apiVersion, owner }: Identity): Series {
  if (owner === undefined) return versionSeries(apiVersion);
  return seriesOf("lifeline.object.info", {
    api_version: apiVersion,
    owner_kind: owner.kind,
    owner_name: owner.name,
  });
}

// What many objects have in common is one series: held by thousands of pins, soon compared, and its attributes encoded
// once per request.
const CREATED = seriesOf("lifeline.object.created_time");
const DELETION = seriesOf("lifeline.object.deletion_time");
const GENERATION = seriesOf("lifeline.object.generation");
const OBSERVED_GENERATION = seriesOf("lifeline.object.observed_generation");
const HEALTHY = seriesOf("lifeline.object.healthy");
const versionSeries = rememberByName((version) =>
  seriesOf("lifeline.object.info", { api_version: version }),
);
const phaseSeries = rememberByName((phase) => seriesOf("lifeline.object.phase", { phase }));
const healthSeries = rememberByName((health) => seriesOf("lifeline.object.health", { health }));
const conditionSeries = rememberByName((condition) => ({
  movedAt: seriesOf("lifeline.object.condition.transition_time", { condition }),
  byStatus: new Map(
    ["True", "False", "Unknown"].map((status) => [status, statusSeries(condition, status)]),
  ),
}));
const numberSeries = rememberByName((name) => fieldSeries(name, METRICS[FIELD].unit));
const timeSeries = rememberByName((name) => fieldSeries(name, "s"));

function statusSeries(condition: string, status: string): Series {
  return seriesOf("lifeline.object.condition", { condition, status });
}

function fieldSeries(name: string, unit: string): Series {
  return { metric: `lifeline.object.status.${name}`, unit, attributes: NO_ATTRIBUTES };
}

function addTimes(to: Growing, object: KubeObject): void {
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  addKnown(to, CREATED, inSeconds(createdAtMs));
  addKnown(to, DELETION, inSeconds(deletionRequestedAtMs(object)));
}

function addGenerations(to: Growing, object: KubeObject, { generation }: Identity): void {
  const observed = parseGeneration(fieldAt(object.status, "observedGeneration"));
  addKnown(to, GENERATION, generation);
  addKnown(to, OBSERVED_GENERATION, observed);
}

function addConditions(to: Growing, object: KubeObject): void {
  const conditions = [...presentConditions(object).values()];
  conditions.sort(byType);
  if (conditions.length > CONDITIONS_MAX) conditions.length = CONDITIONS_MAX;
  for (const { type, status: said, lastTransitionTime } of conditions) {
    // A condition without a status is one of which nothing is known.
    const status = said || "Unknown";
    const { movedAt, byStatus } = conditionSeries(type);
    add(to, byStatus.get(status) ?? statusSeries(type, status), 1);
    addKnown(to, movedAt, inSeconds(parseClusterTimeMs(lastTransitionTime)));
  }
}

function byType(a: Condition, b: Condition): number {
  return a.type < b.type ? -1 : 1;
}

function addStatusFields(to: Growing, object: KubeObject, facts: KindFacts): void {
  for (const { name, value, isTime } of readStatusFields(object.status, facts.hints))
    add(to, isTime ? timeSeries(name) : numberSeries(name), value);
}
