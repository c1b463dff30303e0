import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { AdminClient, NewObject, ObjectReference } from "../testbed/admin-client.ts";
import { eventually } from "../testbed/eventually.ts";
import type { OtlpFile } from "../testbed/otlp-file.ts";
import { liveSeries, seriesOf } from "./expect-points.ts";
import { type ObjectName, type Shown, type Step, UNTOUCHED, type Write } from "./story.ts";

/** A step that was played: what the API server answered, and what must be seen of it. */
export type Played = {
  readonly step: Step;
  /** As the API server answered the write; for one that is gone, as it was before. */
  readonly object: KubeObject;
  readonly gone: boolean;
  /** Undefined once it is gone. */
  readonly shown: Shown | undefined;
  /** Our own clock, in Unix milliseconds. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** A resourceVersion that is not below that of the deletion. */
  readonly listedAt?: string;
};

export type Stage = { readonly admin: AdminClient; readonly received: OtlpFile };

/** Plays the steps in order, each after the one before it was exported; goes on from what was played before. */
export async function play(
  steps: readonly Step[],
  { admin, received }: Stage,
  played: Played[],
): Promise<void> {
  for (const step of steps) {
    if (isDefinition(step)) {
      await writeStep(admin, step.write, { find: notFound, reference: undefined });
      continue;
    }
    const one = await playStep(step, admin, played);
    played.push(one);
    if (step.waits === false) continue;
    await eventually(() => showsState(received, one));
  }
}

/** The steps of one object, in order. */
export function playedOf(played: readonly Played[], name: ObjectName): readonly Played[] {
  return played.filter(({ step }) => isSame(step.object, name));
}

/** Each object that appears, once. */
export function objectsIn(played: readonly Played[]): readonly ObjectName[] {
  return played
    .map(({ step }) => step.object)
    .filter((name, index, all) => all.findIndex((other) => isSame(other, name)) === index);
}

function isSame(a: ObjectName, b: ObjectName): boolean {
  return a.kind === b.kind && a.name === b.name;
}

function isDefinition(step: Step): boolean {
  return step.object.kind === "CustomResourceDefinition";
}

function notFound(name: ObjectName): never {
  throw new Error(`Cannot find ${name.kind} "${name.name}": nothing was played of it`);
}

async function playStep(
  step: Step,
  admin: AdminClient,
  played: readonly Played[],
): Promise<Played> {
  const find = (name: ObjectName): KubeObject =>
    playedOf(played, name).at(-1)?.object ?? notFound(name);
  const before = playedOf(played, step.object).at(-1);
  const startedAtMs = Date.now();
  const written = await writeStep(admin, step.write, { find, reference: before?.object });
  const object = written ?? before?.object ?? notFound(step.object);
  const gone = written === undefined;
  const shown: Shown = { ...(before?.shown ?? UNTOUCHED), ...step.shows };
  return {
    step,
    object,
    gone,
    shown: gone ? undefined : shown,
    startedAtMs,
    endedAtMs: Date.now(),
    ...(gone ? { listedAt: await listedAt(admin) } : {}),
  };
}

type Scene = {
  readonly find: (name: ObjectName) => KubeObject;
  readonly reference: ObjectReference | undefined;
};

/** The object as it is after the write; undefined if it is gone. */
async function writeStep(
  admin: AdminClient,
  write: Write,
  { find, reference }: Scene,
): Promise<KubeObject | undefined> {
  if (write.type === "create")
    return admin.create(write.object(find), { fieldManager: write.manager });
  if (write.type === "apply") return admin.apply(write.object, { fieldManager: write.manager });
  if (reference === undefined)
    throw new Error(`Cannot ${write.type} an object before its creation`);
  switch (write.type) {
    case "patch":
      return admin.patch(reference, write.patch, { fieldManager: write.manager });
    case "serve":
      await admin.apply(write.definition, { fieldManager: "testbed" });
      return eventually(() => admin.get({ ...reference, apiVersion: write.apiVersion }));
    case "status":
      return admin.patchStatus(reference, write.status, { fieldManager: write.manager });
    case "delete":
      await admin.delete(reference);
      return write.removed ? undefined : admin.get(reference);
    case "release":
      await admin.patch(
        reference,
        { metadata: { finalizers: null } },
        { fieldManager: write.manager },
      );
      return undefined;
  }
}

/** A list's resourceVersion is etcd's revision, so what was written before has no higher one. */
async function listedAt(admin: AdminClient): Promise<string> {
  const list = await admin.request("GET", "/api/v1/namespaces");
  return (list as NewObject).metadata["resourceVersion"] as string;
}

/** Throws unless the newest points of the object show just what it should. */
function showsState(received: OtlpFile, { object, shown }: Played): void {
  const expected = shown === undefined ? [] : seriesOf(object, shown);
  const live = liveSeries(received.points(), object);
  const missing = expected.filter(({ key, value }) => live.get(key) !== value);
  const extra = [...live.keys()].filter((key) => expected.every((one) => one.key !== key));
  if (missing.length === 0 && extra.length === 0) return;
  const got = missing.map(
    ({ key, value }) => `${key} is ${live.get(key) ?? "absent"}, not ${value}`,
  );
  throw new Error(
    `${object.kind} ${object.metadata.name} at resourceVersion ${object.metadata.resourceVersion} is not shown as it is: ` +
      [...got, ...extra.map((key) => `${key} should not be`)].join("; "),
  );
}
