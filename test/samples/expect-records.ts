import { createHash } from "node:crypto";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt } from "../../src/util/json.ts";
import type { LogEntry } from "../testbed/otlp-json.ts";
import { groupOf } from "./expect-points.ts";
import type { Played } from "./play.ts";
import type { RecordRow, Since } from "./story.ts";

const SEVERITY_NUMBERS = { DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17 } as const;

/** Stores refuse what is older or later (docs/contract.md §4). */
const PAST_MAX_MS = 50 * 60_000;
const FUTURE_MAX_MS = 60_000;

/** One record, as far as two can be compared: JSON in strings parsed, times in milliseconds, bodies looked at elsewhere. */
export type ComparedRecord = {
  readonly eventName: string;
  readonly severity: readonly [number: number, text: string];
  readonly timeMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
};

/** What lifeline sent about one write. */
export function comparedRecord(entry: LogEntry): ComparedRecord {
  const { eventName, severityNumber, severityText, timeUnixNano, attributes } = entry;
  return {
    eventName,
    severity: [severityNumber, severityText],
    timeMs: milliseconds(timeUnixNano),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, normalized(name, value)]),
    ),
  };
}

export type Seen = {
  /** When lifeline saw the write, by its ObservedTimestamp. */
  readonly observedMs: number;
  /** Of the deletion, which no answer tells. */
  readonly resourceVersion: string;
  /** The steps of the same object up to this one. */
  readonly life: readonly Played[];
};

/** What docs/contract.md §4 promises of one write: one record for each row. */
export function expectedRecords(played: Played, seen: Seen): readonly ComparedRecord[] {
  return played.step.records.map((row) => expectedRecord(row, played, seen));
}

/** Records of one write have no order; this gives them one. */
export function inOrder(records: readonly ComparedRecord[]): readonly ComparedRecord[] {
  const key = ({ eventName, attributes }: ComparedRecord): string =>
    `${eventName} ${String(attributes["lifeline.condition.type"])}`;
  return records.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function milliseconds(unixNano: bigint): number {
  return Number(unixNano / 1_000_000n);
}

function expectedRecord(row: RecordRow, played: Played, seen: Seen): ComparedRecord {
  const { object } = played;
  const resourceVersion = played.gone ? seen.resourceVersion : object.metadata.resourceVersion;
  const time = timeOf(row, object, seen.observedMs);
  const durationSeconds = durationOf(row.duration, time.happenedMs, seen.life);
  const ageSeconds = (seen.observedMs - Date.parse(object.metadata.creationTimestamp ?? "")) / 1000;
  return {
    eventName: `lifeline.object.${row.action}`,
    severity: [SEVERITY_NUMBERS[row.severity], row.severity],
    timeMs: time.timeMs,
    attributes: {
      ...commonAttributes(object),
      "k8s.object.resource_version": resourceVersion,
      "lifeline.action": row.action,
      "log.record.uid": recordUid(row, object.metadata.uid, resourceVersion),
      ...(time.original === undefined ? {} : { "lifeline.event_time": time.original }),
      ...(durationSeconds === undefined ? {} : { "lifeline.duration": durationSeconds }),
      ...(row.action === "deleted" ? { "lifeline.age": ageSeconds } : {}),
      ...Object.fromEntries(
        Object.entries(row.attributes).map(([name, value]) => [name, sorted(name, value)]),
      ),
    },
  };
}

function commonAttributes(object: KubeObject): Readonly<Record<string, unknown>> {
  const { apiVersion, kind, metadata } = object;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    "k8s.object.kind": kind,
    "k8s.object.group": groupOf(apiVersion),
    "k8s.object.api_version": apiVersion,
    "k8s.object.name": metadata.name,
    "k8s.object.uid": metadata.uid,
    "k8s.object.generation": metadata.generation,
    ...(kind === "Deployment" ? { "k8s.deployment.name": metadata.name } : {}),
    ...(owner === undefined
      ? {}
      : { "lifeline.owner.kind": owner.kind, "lifeline.owner.name": owner.name }),
  };
}

/** hash(object UID, resourceVersion, action, detail), for created and deleted without the resourceVersion. */
function recordUid(row: RecordRow, uid: string, resourceVersion: string): string {
  const isOnce = row.action === "created" || row.action === "deleted";
  const parts = [uid, ...(isOnce ? [] : [resourceVersion]), row.action, row.detail];
  return firstBits(parts);
}

/** The first 128 bits of SHA-256 over the parts joined by NUL, in lower-case hex. */
export function firstBits(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}

type RecordTime = {
  readonly timeMs: number;
  readonly happenedMs: number;
  readonly original?: string;
};

function timeOf({ when }: RecordRow, object: KubeObject, observedMs: number): RecordTime {
  switch (when.type) {
    case "creationTimestamp":
      return clusterTime(object.metadata.creationTimestamp ?? "", observedMs);
    case "managedFields":
      return clusterTime(newestManagedTime(object), observedMs);
    case "lastTransitionTime":
      return clusterTime(when.time, observedMs);
    case "disbelieved":
      return { timeMs: observedMs, happenedMs: observedMs, original: when.time };
    case "deletion-request": {
      const graceMs = (object.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
      const dueMs = Date.parse(object.metadata.deletionTimestamp ?? "");
      return { timeMs: dueMs - graceMs, happenedMs: dueMs - graceMs };
    }
    case "observed":
      return { timeMs: observedMs, happenedMs: observedMs };
  }
}

function clusterTime(time: string, observedMs: number): RecordTime {
  const clusterMs = Date.parse(time);
  const isTaken = clusterMs >= observedMs - PAST_MAX_MS && clusterMs <= observedMs + FUTURE_MAX_MS;
  return isTaken
    ? { timeMs: clusterMs, happenedMs: clusterMs }
    : { timeMs: observedMs, happenedMs: clusterMs, original: time };
}

function newestManagedTime(object: KubeObject): string {
  const times = (object.metadata.managedFields ?? []).map(({ time }) => time ?? "");
  return times.toSorted().at(-1) ?? "";
}

function durationOf(
  since: Since | undefined,
  happenedMs: number,
  life: readonly Played[],
): number | undefined {
  if (since === undefined) return undefined;
  const sinceMs = since.type === "time" ? Date.parse(since.time) : writtenMs(since.step, life);
  return Math.max(0, happenedMs - sinceMs) / 1000;
}

/** When a step was written, by the cluster's clock. */
function writtenMs(name: string, life: readonly Played[]): number {
  const played = life.findLast(({ step }) => step.name === name);
  if (played === undefined) throw new Error(`Cannot reckon since step "${name}": there is none`);
  const { object, step } = played;
  const isBirth = step.records.some(({ action }) => action === "created");
  return Date.parse(
    (isBirth ? object.metadata.creationTimestamp : newestManagedTime(object)) ?? "",
  );
}

/** Two attributes are JSON in a string; the paths of a diff have no order. */
function normalized(name: string, value: unknown): unknown {
  const isJson = name === "lifeline.change.diff" || name === "lifeline.labels";
  return sorted(name, isJson ? JSON.parse(String(value)) : value);
}

function sorted(name: string, value: unknown): unknown {
  if (!name.startsWith("lifeline.change.") || !Array.isArray(value)) return value;
  return value.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
}

function pathOf(difference: unknown): string {
  return String(fieldAt(difference, "path") ?? difference);
}
