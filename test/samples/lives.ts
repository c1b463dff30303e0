import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { LogEntry } from "../testbed/otlp-json.ts";
import {
  comparedRecord,
  type ComparedRecord,
  expectedRecords,
  inOrder,
  milliseconds,
} from "./expect-records.ts";
import type { Played } from "./play.ts";

/** One object from its creation on: the steps of one UID. Never empty. */
export type Life = readonly Played[];

export function livesIn(played: readonly Played[]): readonly Life[] {
  return [...Map.groupBy(played, ({ object }) => object.metadata.uid).values()];
}

/** As it was created. */
export function newborn(life: Life): KubeObject {
  const [birth] = life;
  if (birth === undefined) throw new Error("Cannot tell of a life in which nothing was played");
  return birth.object;
}

export function isOver(life: Life): boolean {
  return life.at(-1)?.gone === true;
}

export function recordsOf(life: Life, logs: readonly LogEntry[]): readonly LogEntry[] {
  const { uid } = newborn(life).metadata;
  return logs.filter(({ attributes }) => attributes["k8s.object.uid"] === uid);
}

/** What came of one write, and what should have. */
export type Told = {
  readonly played: Played;
  readonly entries: readonly LogEntry[];
  readonly actual: Telling;
  readonly expected: Telling;
};

type Telling = { readonly step: string; readonly records: readonly ComparedRecord[] };

/** Sorts an object's records by the writes that they tell of. */
export function toldOf(life: Life, logs: readonly LogEntry[]): readonly Told[] {
  const told = recordsOf(life, logs);
  return life.flatMap((played, index) => {
    // The object itself is not written: it stands at the resourceVersion of the step before.
    if (played.step.write.type === "serve") return [];
    const entries = told.filter((entry) => isAbout(entry, played));
    const [entry] = entries;
    const seen = {
      observedMs: milliseconds(entry?.observedTimeUnixNano ?? 0n),
      resourceVersion: entry === undefined ? "" : versionOf(entry),
      life: life.slice(0, index + 1),
    };
    const { name: step } = played.step;
    return {
      played,
      entries,
      actual: { step, records: inOrder(entries.map(comparedRecord)) },
      expected: { step, records: inOrder(expectedRecords(played, seen)) },
    };
  });
}

export function versionOf({ attributes }: LogEntry): string {
  const version = attributes["k8s.object.resource_version"];
  return typeof version === "string" ? version : "";
}

/** A deletion has a resourceVersion that no answer of the API server tells. */
function isAbout(entry: LogEntry, { gone, object }: Played): boolean {
  return gone
    ? entry.eventName === "lifeline.object.deleted"
    : versionOf(entry) === object.metadata.resourceVersion;
}
