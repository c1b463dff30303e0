import { setTimeout as sleep } from "node:timers/promises";
import { pickSome } from "../../src/testing/demo/random.ts";
import type { AdminClient, NewObject } from "../testbed/admin-client.ts";
import { GADGET_GROUP } from "./gadget.ts";

export type DriverOptions = {
  readonly admin: AdminClient;
  readonly namespace: string;
  readonly random: () => number;
  /** Its objects' names begin with it: no two drivers write the same. */
  readonly prefix: string;
  /** Between two writes at the most. */
  readonly pauseMaxMs: number;
};

const NAMES = 12;
/** Of one object no more than the flood guard lets through (20 in ten minutes); then it makes room for a new one of its name. */
const GUARDED_MAX = 18;
const FINALIZER = `${GADGET_GROUP}/hold`;
const PHASES = ["Provisioning", "Ready", "Degraded", "Failed"];
const TIERS = ["gold", "silver", "bronze"];
/** The times that `status.checkedAt` takes, a minute apart. */
const CHECKED_FROM_MS = Date.UTC(2026, 0, 1);

type Life = {
  /** How many `updated` and `status_updated` it may have had. */
  guarded: number;
  readonly isHeld: boolean;
  isDeleting: boolean;
  size: number;
  phase: string | undefined;
};

/** Changes gadgets in all the ways that a life has, one write after the other. */
export class Driver {
  writes = 0;
  readonly #options: DriverOptions;
  readonly #lives = new Map<string, Life>();
  #count = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** Writes until the signal aborts; its last write is answered then. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.write();
      await sleep(this.#options.random() * this.#options.pauseMaxMs);
    }
  }

  /** One step in the life of one object. */
  async write(): Promise<void> {
    const name = `${this.#options.prefix}-${this.#below(NAMES)}`;
    this.writes += 1;
    const life = this.#lives.get(name);
    if (life === undefined) return await this.#create(name);
    if (life.isDeleting) return await this.#whileDeleting(name, life);
    if (life.guarded >= GUARDED_MAX) return await this.#delete(name, life);
    await this.#change(name, life);
  }

  async #change(name: string, life: Life): Promise<void> {
    const dice = this.#options.random();
    if (dice < 0.05) return await this.#delete(name, life);
    if (dice < 0.08) {
      await this.#delete(name, life);
      return life.isHeld ? undefined : await this.#create(name);
    }
    if (dice < 0.24) return await this.#update(name, { spec: { size: (life.size += 1) } });
    if (dice < 0.34)
      return await this.#update(name, { metadata: { labels: { tier: this.#one(TIERS) } } });
    if (dice < 0.4) return await this.#quietly(name, life);
    await this.#changeStatus(name, life);
  }

  /** Writes of which nobody is told. */
  async #quietly(name: string, life: Life): Promise<void> {
    const { admin } = this.#options;
    const dice = this.#options.random();
    if (dice < 0.35) {
      const copy = { "kubectl.kubernetes.io/last-applied-configuration": `{"n":${this.#next()}}` };
      await admin.patch(this.#gadget(name), { metadata: { annotations: copy } });
    } else if (dice < 0.7) {
      // Another manager comes to own what it finds: only managedFields move.
      const { apiVersion, kind, metadata } = this.#gadget(name);
      const fieldManager = `auditor-${this.#below(3)}`;
      await admin.apply(
        { apiVersion, kind, metadata, spec: { size: life.size } },
        { fieldManager },
      );
    } else {
      // Nothing at all: the API server does not even write it.
      await admin.patch(this.#gadget(name), { spec: { size: life.size } });
    }
  }

  async #changeStatus(name: string, life: Life): Promise<void> {
    const { random } = this.#options;
    const dice = random();
    if (dice < 0.22) return await this.#patchStatus(name, { phase: this.#movePhase(life) });
    if (dice < 0.5) return await this.#patchStatus(name, { conditions: [this.#ready()] });
    if (dice < 0.62) return await this.#patchStatus(name, { lastHeartbeatTime: this.#time() });
    life.guarded += 1;
    if (dice < 0.76) return await this.#patchStatus(name, { units: this.#next() });
    if (dice < 0.9) return await this.#patchStatus(name, { checkedAt: this.#time() });
    await this.#patchStatus(name, {
      phase: this.#movePhase(life),
      conditions: [this.#ready()],
      units: this.#next(),
      ...(random() < 0.5 ? { checkedAt: this.#time() } : {}),
    });
  }

  async #whileDeleting(name: string, life: Life): Promise<void> {
    const dice = this.#options.random();
    if (dice < 0.5 && life.guarded < GUARDED_MAX) return await this.#changeStatus(name, life);
    await this.#options.admin.patch(this.#gadget(name), { metadata: { finalizers: null } });
    this.#lives.delete(name);
  }

  async #create(name: string): Promise<void> {
    const isHeld = this.#options.random() < 0.4;
    const gadget = this.#gadget(name);
    const finalizers = isHeld ? { finalizers: [FINALIZER] } : {};
    const size = this.#next();
    await this.#options.admin.create({
      ...gadget,
      metadata: { ...gadget.metadata, ...finalizers, labels: { tier: this.#one(TIERS) } },
      spec: { size },
    });
    this.#lives.set(name, { guarded: 0, isHeld, isDeleting: false, size, phase: undefined });
  }

  async #delete(name: string, life: Life): Promise<void> {
    await this.#options.admin.delete(this.#gadget(name));
    if (life.isHeld) life.isDeleting = true;
    else this.#lives.delete(name);
  }

  async #update(name: string, patch: object): Promise<void> {
    const life = this.#lives.get(name);
    if (life !== undefined) life.guarded += 1;
    await this.#options.admin.patch(this.#gadget(name), patch);
  }

  async #patchStatus(name: string, status: object): Promise<void> {
    await this.#options.admin.patchStatus(this.#gadget(name), status);
  }

  #movePhase(life: Life): string {
    life.phase = this.#one(PHASES.filter((phase) => phase !== life.phase));
    return life.phase;
  }

  /** Often only the message is another one. */
  #ready(): object {
    const status = this.#one(["True", "True", "False", "Unknown"]);
    const reason = status === "False" ? this.#one(["Waiting", "CreateFailed"]) : "Checked";
    return { type: "Ready", status, reason, message: `Look ${this.#next()}` };
  }

  #gadget(name: string): NewObject {
    return createGadget(this.#options.namespace, name);
  }

  #time(): string {
    return new Date(CHECKED_FROM_MS + this.#next() * 60_000).toISOString();
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  #one(values: readonly string[]): string {
    return pickSome(values, 1, this.#options.random)[0] ?? "";
  }

  #below(limit: number): number {
    return Math.floor(this.#options.random() * limit);
  }
}

/** A gadget to be created. */
export function createGadget(namespace: string, name: string): NewObject {
  return {
    apiVersion: `${GADGET_GROUP}/v1`,
    kind: "Gadget",
    metadata: { name, namespace },
    spec: { size: 0 },
  };
}
