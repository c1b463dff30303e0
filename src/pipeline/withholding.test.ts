import { expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import type { WatchEvent } from "../cluster/watch-event.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import { createRandom } from "../testing/demo/random.ts";
import { database } from "../testing/kube-change.ts";
import { OutboxRig } from "../testing/outbox-rig.ts";

const NAMES = ["a", "b", "c", "d"];
const STEPS = 150;
const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);
/** A dozen records fill it. */
const MAX_BYTES = 10_000;

/** A cluster of a few objects, and all that ever happened in it: each event is a change that is told. */
class World {
  readonly events: { readonly version: number; readonly event: WatchEvent }[] = [];
  readonly #random: () => number;
  readonly living = new Map<string, KubeObject>();
  readonly changes = new Map<string, number>();
  #version = 100;

  constructor(random: () => number) {
    this.#random = random;
  }

  step(): void {
    const name = NAMES[Math.floor(this.#random() * NAMES.length)] ?? "";
    const known = this.living.get(name);
    this.#version += 1;
    const isEnd = known !== undefined && this.#random() < 0.3;
    const object = this.#write(name, known?.metadata.uid ?? `uid-${name}-${this.#version}`);
    if (isEnd) this.living.delete(name);
    else this.living.set(name, object);
    const { uid } = object.metadata;
    this.changes.set(uid, (this.changes.get(uid) ?? 0) + 1);
    this.events.push({
      version: this.#version,
      event: { type: isEnd ? "deleted" : "applied", object },
    });
  }

  #write(name: string, uid: string): KubeObject {
    const version = this.#version;
    return database({
      metadata: {
        name,
        uid,
        resourceVersion: String(version),
        creationTimestamp: "2023-10-26T10:00:00Z",
      },
      spec: { replicas: version },
      status: { phase: `P${version}` },
    });
  }
}

async function followOn(rig: OutboxRig, world: World): Promise<void> {
  const from = Number(rig.watch.position);
  for (const { version, event } of world.events) if (version > from) await rig.take(event);
}

/** Random changes; the collector takes something or nothing, and the process is killed, at random. */
async function live(rig: OutboxRig, seed: number): Promise<{ world: World; told: LogSignal[] }> {
  const random = createRandom(seed);
  const world = new World(random);
  const told: LogSignal[] = [];
  await rig.take({ type: "resync-start" }, { type: "resync-end", resourceVersion: "100" });
  rig.flush();
  let isAway = false;
  for (let step = 0; step < STEPS; step += 1) {
    world.step();
    await followOn(rig, world);
    if (random() < 0.05) isAway = !isAway;
    if (random() < 0.3) rig.flush();
    if (!isAway && random() < 0.5) told.push(...rig.deliver(3000));
    if (random() < 0.3) await rig.catchUp();
    if (random() < 0.1) rig.crash();
  }
  await followOn(rig, world);
  rig.flush();
  for (let turn = 0; turn < STEPS && !isAllTold(rig); turn += 1) {
    told.push(...rig.deliver());
    await rig.catchUp();
    rig.flush();
  }
  return { world, told };
}

function isAllTold({ store }: OutboxRig): boolean {
  return store.withheldCount === 0 && store.outboxState().requests === 0;
}

type Telling = { readonly version: string; readonly changes: number; readonly actions: string[] };

/** By UID: what each Change that arrived told, in order of arrival. */
function storiesOf(told: readonly LogSignal[]): ReadonlyMap<string, readonly Telling[]> {
  const stories = new Map<string, Telling[]>();
  for (const { attributes } of told) {
    if (attributes["lifeline.action"] === "synced") continue;
    const [uid, version] = ["k8s.object.uid", "k8s.object.resource_version"].map((name) =>
      String(attributes[name]),
    );
    const story = stories.get(uid ?? "") ?? [];
    const last = story.at(-1);
    const action = `${String(attributes["lifeline.action"])} ${String(attributes["lifeline.phase"])}`;
    if (last?.version === version) last?.actions.push(action);
    else
      story.push({
        version: version ?? "",
        changes: Number(attributes["lifeline.collapsed"] ?? 1),
        actions: [action],
      });
    stories.set(uid ?? "", story);
  }
  return stories;
}

/** Where each told difference begins: at what was told before it, whatever was collapsed in between. */
function brokenChains(told: readonly LogSignal[]): readonly string[] {
  const replicas = new Map<string, unknown>();
  return told.flatMap(({ attributes }) => {
    const diff = attributes["lifeline.change.diff"];
    if (typeof diff !== "string") return [];
    const uid = String(attributes["k8s.object.uid"]);
    const [change]: readonly { readonly before: unknown; readonly after: unknown }[] =
      JSON.parse(diff);
    const known = replicas.get(uid);
    replicas.set(uid, change?.after);
    return known === undefined || known === change?.before ? [] : [`${uid}: ${diff}`];
  });
}

test.for(SEEDS)(
  "whatever finds room when: each object's story is whole, in order, and adds up (seed %i)",
  async (seed) => {
    vi.spyOn(performance, "now").mockReturnValue(0);
    using rig = new OutboxRig(MAX_BYTES);

    const { world, told } = await live(rig, seed);

    const stories = storiesOf(told);
    const phases = new Map(
      [...world.living.values()].map(({ metadata, status }) => [metadata.uid, phaseOf(status)]),
    );
    for (const [uid, changes] of world.changes)
      expect(faultsOf(stories.get(uid) ?? [], { changes, phase: phases.get(uid) })).toEqual([]);
    expect([...stories.keys()].filter((uid) => !world.changes.has(uid))).toEqual([]);
    expect(brokenChains(told)).toEqual([]);
    expect(rig.reports.some(({ type }) => type === "outbox-full")).toBe(true);
    expect(actionsCounted(rig)).toEqual({
      created: world.changes.size,
      deleted: world.changes.size - world.living.size,
    });
  },
);

/** What of one object's story does not hold; `phase`: what it is now, undefined where it is gone. */
function faultsOf(
  story: readonly Telling[],
  { changes, phase }: { readonly changes: number; readonly phase: string | undefined },
): readonly string[] {
  // It came and went while there was no room.
  if (phase === undefined && story.length === 0) return [];
  const versions = story.map(({ version }) => Number(version));
  const actions = story.flatMap((telling) => telling.actions);
  const count = (action: string): number => actions.filter((one) => one.startsWith(action)).length;
  const end = phase === undefined ? "deleted" : ` ${phase}`;
  const claims: Readonly<Record<string, boolean>> = {
    "in order": versions.every((version, index) => version > (versions[index - 1] ?? 0)),
    "adds up": story.reduce((sum, telling) => sum + telling.changes, 0) === changes,
    "begins with its creation":
      count("created") === 1 && actions[0]?.startsWith("created") === true,
    "ends once, if it ends": count("deleted") === (phase === undefined ? 1 : 0),
    "is up to date": story.at(-1)?.actions.some((one) => one.includes(end)) === true,
  };
  return Object.keys(claims).filter((claim) => claims[claim] === false);
}

function phaseOf(status: unknown): string {
  return JSON.stringify(status).slice('{"phase":"'.length, -'"}'.length);
}

function actionsCounted(rig: OutboxRig): Readonly<Record<string, number>> {
  const counted = rig.store
    .counters()
    .map(({ attributes, value }): [string, number] => [
      /"action":"(\w+)"/.exec(attributes)?.[1] ?? "",
      value,
    ]);
  return Object.fromEntries(
    counted.filter(([action]) => action === "created" || action === "deleted"),
  );
}
