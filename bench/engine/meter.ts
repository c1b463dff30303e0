import { measureEventLoopDelay } from "../../src/run/telemetry/event-loop-delay.ts";
import { memoryMb } from "../process-usage.ts";
import { type Digest, DigestBuilder } from "./digest.ts";

/** What an engine's process says of one phase, as one line of JSON; the look begins with the process's first statement. */
export type Phase = {
  readonly type: "synced" | "played";
  readonly digest: Digest;
  readonly seconds: number;
  /** All threads, user and system. */
  readonly cpuSeconds: number;
  /** The most that the process ever held. */
  readonly peakMb: number;
  readonly eventLoopP99Ms: number;
};

/**
 * Counts what an engine tells, within its process, and says on stdout what it took: from the start until all objects
 * that are there were told (`synced`), and from the first event until the last (`played`).
 */
export class Meter {
  readonly url: string;
  readonly #objects: number;
  readonly #events: number;
  readonly #initial = new DigestBuilder();
  readonly #played = new DigestBuilder();
  readonly #eventLoopDelay = measureEventLoopDelay();
  #begun = begin();

  /** `URL OBJECTS EVENTS`: where to listen, and how many of each will come. */
  constructor([url = "", objects = "0", events = "0"]: readonly string[]) {
    this.url = url;
    this.#objects = Number(objects);
    this.#events = Number(events);
    // So that a profile is written.
    process.once("SIGTERM", () => process.exit());
  }

  /** One object that was there. */
  object(name: string, resourceVersion: string): void {
    this.#initial.add(name, resourceVersion);
  }

  /** Whether all objects were told that should be: for an engine that does not say so itself. */
  get isComplete(): boolean {
    return this.#initial.count >= this.#objects;
  }

  synced(): void {
    this.#say("synced", this.#initial);
  }

  event(name: string, resourceVersion: string): void {
    if (this.#played.count === 0) this.#begun = begin();
    this.#played.add(name, resourceVersion);
    if (this.#played.count === this.#events) this.#say("played", this.#played);
  }

  #say(type: Phase["type"], builder: DigestBuilder): void {
    const { user, system } = process.cpuUsage(this.#begun.cpu);
    const phase: Phase = {
      type,
      digest: builder.digest(),
      seconds: (performance.now() - this.#begun.atMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      peakMb: memoryMb(process.pid).peak,
      eventLoopP99Ms: this.#eventLoopDelay().p99Ms,
    };
    process.stdout.write(`${JSON.stringify(phase)}\n`);
  }
}

function begin(): { readonly atMs: number; readonly cpu: NodeJS.CpuUsage } {
  return { atMs: performance.now(), cpu: process.cpuUsage() };
}
