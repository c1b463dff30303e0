import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { MetricPoint } from "../testbed/otlp-json.ts";
import type { Shown } from "./story.ts";

/** One series that is expected, by all that tells it apart. */
export type Series = { readonly key: string; readonly value: number };

/** `LIFELINE_CLUSTER_NAME` of the suite. */
export const CLUSTER_NAME = "samples";

/** No value was recorded: the series has ended. */
const ENDED_FLAG = 1;

/** The table of docs/contract.md §5 for one object, row by row. */
export function seriesOf(object: KubeObject, shown: Shown): readonly Series[] {
  const { metadata } = object;
  const created = seconds(metadata.creationTimestamp);
  const grace = metadata.deletionGracePeriodSeconds ?? 0;
  const { generation, observedGeneration, conditions, phase, health, status } = shown;
  const rows: (readonly [name: string, unit: string, value: number, extra?: Extra])[] = [
    ["info", "{object}", 1, { api_version: object.apiVersion, ...ownerOf(object) }],
    ["created_time", "s", created],
    ["generation", "{generation}", generation],
    ["health", "{object}", 1, { health }],
    ["healthy", "{object}", health === "current" || health === "suspended" ? 1 : 0],
  ];
  if (shown.deletionRequested)
    rows.push(["deletion_time", "s", seconds(metadata.deletionTimestamp) - grace]);
  if (observedGeneration !== undefined)
    rows.push(["observed_generation", "{generation}", observedGeneration]);
  for (const [condition, { status: is, lastTransitionTime }] of Object.entries(conditions)) {
    rows.push(["condition", "{condition}", 1, { condition, status: is }]);
    rows.push(["condition.transition_time", "s", seconds(lastTransitionTime), { condition }]);
  }
  if (phase !== undefined) rows.push(["phase", "{object}", 1, { phase }]);
  for (const [field, value] of Object.entries(status)) {
    const isTime = typeof value === "string";
    rows.push([`status.${field}`, isTime ? "s" : "", isTime ? seconds(value) : value]);
  }
  return rows.map(([name, unit, value, extra = {}]) => ({
    key: keyOf({
      name: `lifeline.object.${name}`,
      unit,
      attributes: { ...identityOf(object), ...extra },
    }),
    value,
  }));
}

type Extra = Readonly<Record<string, string>>;

/** What tells a series apart: Prometheus makes the unit a part of its name. */
export function keyOf(point: {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}): string {
  const attributes = Object.entries(point.attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${point.name} [${point.unit}] ${JSON.stringify(Object.fromEntries(attributes))}`;
}

/** The points about one object by name, whichever UID it had; in order of arrival. */
export function pointsAbout(
  points: readonly MetricPoint[],
  object: KubeObject,
): readonly MetricPoint[] {
  const identity = Object.entries(identityOf(object));
  return points.filter(
    (point) =>
      point.name.startsWith("lifeline.object.") &&
      identity.every(([name, value]) => point.attributes[name] === value),
  );
}

/** The newest value of each series that has not ended. */
export function liveSeries(
  points: readonly MetricPoint[],
  object: KubeObject,
): ReadonlyMap<string, number | undefined> {
  const live = new Map<string, number | undefined>();
  for (const point of pointsAbout(points, object)) {
    if (isEnd(point)) live.delete(keyOf(point));
    else live.set(keyOf(point), point.value);
  }
  return live;
}

export function isEnd(point: MetricPoint): boolean {
  return (point.flags & ENDED_FLAG) === ENDED_FLAG;
}

/** What a series did, from one different point to the next. */
export type Course = Readonly<Record<string, readonly (number | "ended")[]>>;

/** What each series did whose points these are, in order of arrival. */
export function courseOf(points: readonly MetricPoint[]): Course {
  const course: Record<string, (number | "ended")[]> = {};
  for (const point of points) {
    const steps = (course[keyOf(point)] ??= []);
    const step = isEnd(point) ? "ended" : (point.value ?? Number.NaN);
    if (steps.at(-1) !== step) steps.push(step);
  }
  return course;
}

/** What the series of one name must do when it is in these states one after the other; undefined: there is no such object. */
export function expectedCourse(states: readonly (readonly Series[] | undefined)[]): Course {
  const course: Record<string, (number | "ended")[]> = {};
  for (const state of states) {
    const now = new Map((state ?? []).map(({ key, value }) => [key, value]));
    for (const [key, steps] of Object.entries(course)) {
      if (!now.has(key) && steps.at(-1) !== "ended") steps.push("ended");
    }
    for (const [key, value] of now) {
      const steps = (course[key] ??= []);
      if (steps.at(-1) !== value) steps.push(value);
    }
  }
  return course;
}

/** `k8s.object.kind`, `.group`, `.name`, the namespace and the cluster. */
export function identityOf(object: KubeObject): Readonly<Record<string, string>> {
  const { kind, apiVersion, metadata } = object;
  return {
    "k8s.object.kind": kind,
    "k8s.object.group": groupOf(apiVersion),
    "k8s.namespace.name": metadata.namespace ?? "",
    "k8s.object.name": metadata.name,
    "k8s.cluster.name": CLUSTER_NAME,
  };
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

function ownerOf(object: KubeObject): Extra {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? {} : { owner_kind: owner.kind, owner_name: owner.name };
}

function seconds(time: string | undefined): number {
  return Date.parse(time ?? "") / 1000;
}
