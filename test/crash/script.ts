import type { KindFacts, KubeObject } from "../../src/cluster/kube-object.ts";
import { createRandom } from "../../src/testing/demo/random.ts";

/** What a scripted API server tells, in the order of resourceVersions; the same for the same seed. */
export type Script = {
  /** What the first list shows: everything up to here. */
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly events: readonly ScriptedEvent[];
  readonly breaks: readonly Break[];
};

export type ScriptedEvent = {
  readonly version: number;
  /** The newest version before the next event: what a bookmark after this one may say. */
  readonly settledVersion: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
};

/** No watch gets past `at` (410); the list that follows shows what was true at `listAt`, and nobody ever tells what lay between. */
type Break = { readonly at: number; readonly listAt: number };

export const SCRIPTED_KIND: KindFacts = {
  group: "custom.example.com",
  version: "v1",
  kind: "CustomDatabase",
  resource: "customdatabases",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};

const FIRST_OBJECTS = 620;
const EVENTS = 2200;
/** Few, so that names are born, die and are born again. */
const BUSY_NAMES = 60;
const BREAKS = 7;
const BREAK_EVENTS = 40;
const PHASES = ["Pending", "Provisioning", "Ready", "Degraded", "Failed"];

/** `bornAt`: RFC 3339, the creationTimestamp of all objects. */
export function writeScript(seed: number, bornAt: string): Script {
  const random = createRandom(seed);
  const author = new Author(random, bornAt);
  for (let index = 0; index < FIRST_OBJECTS; index += 1) author.create(`quiet-${index}`);
  const firstVersion = author.version;
  while (author.events.length < FIRST_OBJECTS + EVENTS) author.step();
  const settled = author.events.map((event, index, all) => ({
    ...event,
    settledVersion: (all[index + 1]?.version ?? event.version + 1) - 1,
  }));
  return {
    firstVersion,
    lastVersion: author.version,
    events: settled,
    breaks: drawBreaks(settled, random),
  };
}

/** The objects that exist at a version. */
export function stateAt(script: Script, version: number): readonly KubeObject[] {
  const objects = new Map<string, KubeObject>();
  for (const event of script.events) {
    if (event.version > version) break;
    const { uid } = event.object.metadata;
    if (event.type === "DELETED") objects.delete(uid);
    else objects.set(uid, event.object);
  }
  return [...objects.values()];
}

function drawBreaks(events: readonly ScriptedEvent[], random: () => number): readonly Break[] {
  const room = Math.floor(EVENTS / BREAKS);
  return Array.from({ length: BREAKS }, (_, index) => {
    const start = FIRST_OBJECTS + index * room + Math.floor(random() * (room - BREAK_EVENTS - 2));
    const end = start + 1 + Math.floor(random() * BREAK_EVENTS);
    return { at: events[start]?.settledVersion ?? 0, listAt: events[end]?.settledVersion ?? 0 };
  });
}

class Author {
  readonly events: Omit<ScriptedEvent, "settledVersion">[] = [];
  version = 1000;
  readonly #random: () => number;
  readonly #bornAt: string;
  readonly #living = new Map<string, KubeObject>();
  #born = 0;

  constructor(random: () => number, bornAt: string) {
    this.#random = random;
    this.#bornAt = bornAt;
  }

  create(name: string): void {
    this.#born += 1;
    this.#tell("ADDED", {
      apiVersion: "custom.example.com/v1",
      kind: "CustomDatabase",
      metadata: {
        name,
        namespace: name.endsWith("3") ? "prod" : "default",
        uid: `uid-${this.#born}`,
        resourceVersion: "",
        generation: 1,
        creationTimestamp: this.#bornAt,
        labels: { born: String(this.#born) },
      },
      spec: { replicas: 1, storageGb: this.#below(9) },
    });
  }

  /** One or two writes. */
  step(): void {
    const name = `busy-${this.#below(BUSY_NAMES)}`;
    const object = this.#living.get(name);
    if (object === undefined) return this.create(name);
    const dice = this.#random();
    if (dice < 0.06) this.#tell("DELETED", object);
    else if (dice < 0.12) {
      this.#tell("DELETED", object);
      this.create(name);
    } else this.#tell("MODIFIED", this.#write(object, dice));
  }

  #write(object: KubeObject, dice: number): KubeObject {
    const { generation = 1 } = object.metadata;
    if (dice < 0.3) {
      const metadata = { ...object.metadata, generation: generation + 1 };
      return { ...object, metadata, spec: { replicas: this.#below(5), storageGb: this.#below(9) } };
    }
    const isReady = this.#random() < 0.5;
    return {
      ...object,
      status: {
        observedGeneration: generation,
        phase: PHASES[this.#below(PHASES.length)],
        readyReplicas: this.#below(4),
        lastHeartbeat: this.#below(1000),
        conditions: [{ type: "Ready", status: isReady ? "True" : "False", reason: "Scripted" }],
      },
    };
  }

  #tell(type: ScriptedEvent["type"], object: KubeObject): void {
    this.version += 1 + this.#below(3);
    const { version } = this;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const written = { ...object, metadata };
    if (type === "DELETED") this.#living.delete(metadata.name);
    else this.#living.set(metadata.name, written);
    this.events.push({ version, type, object: written });
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
