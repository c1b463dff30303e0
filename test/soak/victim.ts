import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FILE_NAME } from "../../src/store/open-database.ts";
import { inspectDeadLetters } from "../../src/store/inspect-database.ts";
import { readExportRequest } from "../../src/testing/otlp-receiver/received.ts";
import { unreachable } from "../../src/util/unreachable.ts";
import { complaints } from "../support/own-messages.ts";
import { type Lifeline, startLifeline } from "../testbed/lifeline.ts";
import { formatExit } from "../testbed/supervised-process.ts";
import type { FaultProxy } from "./fault.ts";

/** Where in a life it is killed. */
export type KillPoint = (typeof KILL_POINTS)[number];

export const KILL_POINTS = [
  /** Anywhere before it is ready. */
  "starting",
  /** As soon as it is ready, while it reads what happened meanwhile. */
  "catching-up",
  /** Some time later. */
  "steady",
  /** While it writes its state file. */
  "committing",
  /** When a request has left it. */
  "sending",
  /** When the collector has taken a request and it does not know yet. */
  "unacknowledged",
] as const;

/** A moment that does not come (nothing is sent while the collector is down) is not waited for any longer. */
const MOMENT_MAX_MS = 1500;
/** About as long as it takes until it is ready. */
export const START_MS = 700;

export type VictimOptions = {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly program: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly random: () => number;
  /** What it may complain of, besides that it can't send. */
  readonly mayComplain?: RegExp;
};

/** One program with a state directory of its own, and its lives one after the other. */
export class Victim implements AsyncDisposable {
  readonly name: string;
  readonly proxy: FaultProxy;
  /** How often it was killed where; a moment that did not come counts as `steady`. */
  readonly kills = new Map<KillPoint, number>();
  /** What it complained of that no fault explains. */
  readonly complaints: string[] = [];
  readonly #options: VictimOptions;
  #life: Lifeline | undefined;

  constructor(options: VictimOptions) {
    this.#options = options;
    this.name = options.name;
    this.proxy = options.proxy;
  }

  /** A life that goes on until it is stopped or killed. */
  async live(): Promise<void> {
    this.#life = await this.#start(true);
  }

  /** As `live`, and nothing fails any more once an acknowledgement was lost: each has something to repeat. */
  async liveOn(): Promise<void> {
    const { proxy } = this.#options;
    proxy.inflict({ type: "reset-after" });
    await this.live();
    await new Promise<void>((resolve) => proxy.atNext("taken", resolve));
    proxy.inflict({ type: "none" });
  }

  /** Kills the life there is, which `live` began. */
  async kill(): Promise<void> {
    if (this.#life !== undefined) await this.#bury(this.#life, "steady");
  }

  /** SIGTERM; throws unless it ends in order. */
  async stop(): Promise<void> {
    const status = await this.#life?.stop();
    if (status?.code !== 0)
      throw new Error(`Cannot stop ${this.name}: it ended with ${status && formatExit(status)}`);
    if (this.#life !== undefined) this.#listen(this.#life);
    this.#life = undefined;
  }

  /** The uids of its dead letters' records; of one that has stopped. */
  setAside(): readonly string[] {
    const inspection = inspectDeadLetters(this.#options.stateDir);
    if (inspection.type !== "inspected")
      throw new Error(`Cannot read the dead letters of ${this.name}: ${inspection.type}`);
    return inspection.facts
      .flatMap(({ body }) => readExportRequest("logs", body).records)
      .map(({ attributes }) => {
        const uid = attributes["log.record.uid"];
        return typeof uid === "string" ? uid : "";
      });
  }

  /** A short life that ends at a point. */
  async liveUntil(point: KillPoint): Promise<void> {
    const life = await this.#start(point !== "starting");
    this.#life = life;
    const reached = await this.#reach(point, life);
    await this.#bury(life, reached);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life?.[Symbol.asyncDispose]();
  }

  #start(untilReady: boolean): Promise<Lifeline> {
    const { program, stateDir, env } = this.#options;
    return startLifeline({ program, stateDir, env, untilReady });
  }

  /** Waits for the point; those that last no time are killed by who sees them. */
  async #reach(point: KillPoint, life: Lifeline): Promise<KillPoint> {
    const { random } = this.#options;
    switch (point) {
      case "starting":
        await sleep(random() * START_MS);
        return point;
      case "catching-up":
        await sleep(random() * 60);
        return point;
      case "steady":
        await sleep(100 + random() * 500);
        return point;
      case "committing":
        await sleep(random() * 200);
        return (await this.#whenFileGrows(life)) ? point : "steady";
      case "sending":
        return (await this.#whenReached("arrived", life)) ? point : "steady";
      case "unacknowledged":
        return (await this.#whenReached("taken", life)) ? point : "steady";
      default:
        return unreachable(point);
    }
  }

  async #whenReached(moment: "arrived" | "taken", life: Lifeline): Promise<boolean> {
    const { proxy } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    proxy.atNext(moment, () => {
      life.kill("SIGKILL");
      resolve(true);
    });
    const timer = setTimeout(() => resolve(false), MOMENT_MAX_MS);
    const isReached = await promise;
    clearTimeout(timer);
    proxy.atNext(moment, undefined);
    return isReached;
  }

  /** SQLite writes a commit to the WAL page by page: where it has begun to grow, more follows. */
  async #whenFileGrows(life: Lifeline): Promise<boolean> {
    const path = join(this.#options.stateDir, `${FILE_NAME}-wal`);
    const before = changedAt(path);
    const deadlineMs = performance.now() + MOMENT_MAX_MS;
    while (performance.now() < deadlineMs) {
      if (changedAt(path) !== before) {
        life.kill("SIGKILL");
        return true;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return false;
  }

  async #bury(life: Lifeline, point: KillPoint): Promise<void> {
    life.kill("SIGKILL");
    const status = await life.exited;
    if (status.signal !== "SIGKILL")
      throw new Error(
        `${this.name} ended by itself, with ${formatExit(status)}:\n${life.stderrLines.slice(-20).join("\n")}`,
      );
    this.#listen(life);
    await life[Symbol.asyncDispose]();
    this.#life = undefined;
    this.kills.set(point, (this.kills.get(point) ?? 0) + 1);
  }

  #listen(life: Lifeline): void {
    const { mayComplain } = this.#options;
    const unexplained = complaints(life)
      .filter((text) => !EXPLAINED.test(text))
      .filter((text) => mayComplain?.test(text) !== true);
    this.complaints.push(...unexplained);
  }
}

/** What faults of the collector are answered with. */
const EXPLAINED = /^warn: Cannot send /;

/** Nanoseconds; 0 where there is no file. */
function changedAt(path: string): bigint {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
}
