import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, pickSome } from "../../src/testing/demo/random.ts";
import { definition } from "../support/definition.ts";
import type { Collector } from "../testbed/collector.ts";
import type { ControlPlane } from "../testbed/control-plane.ts";
import { eventually } from "../testbed/eventually.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";
import { createGadget, Driver } from "./driver.ts";
import type { OpenGap } from "./expected-story.ts";
import { drawFault, keepsOut } from "./fault.ts";
import { GADGET_GROUP } from "./gadget.ts";
import { startGrpcFaultProxy } from "./grpc-fault-proxy.ts";
import { startHttpFaultProxy } from "./http-fault-proxy.ts";
import { describeFinding, judge, type Verdict } from "./judge.ts";
import { readCopies } from "./read-copies.ts";
import { Recorder } from "./recorder.ts";
import { addReports, type SoakReport, sumOf, totalOf } from "./soak-report.ts";
import { KILL_POINTS, type KillPoint, START_MS, Victim } from "./victim.ts";

export type SoakOptions = {
  /** The same one gives the same writes, faults and kill points; when they meet each other the machine decides. */
  readonly seed: number;
  /** How many in all, at the least. */
  readonly kills: number;
  /** It goes on for so long, at the least. */
  readonly seconds: number;
};

export type SoakSurroundings = {
  readonly controlPlane: ControlPlane;
  readonly startCollector: () => Promise<Collector>;
  /** The built program. */
  readonly program: string;
  /** One line about how far it is. */
  readonly progress: (line: string) => void;
};

/** More than one commit holds (250 changes), so that a first look may end in the middle. */
const QUIET_OBJECTS = 260;
/** Each has its own state, and sees the same. */
const PROTOCOLS = {
  "soak-http": "http/protobuf",
  "soak-grpc": "grpc",
  "soak-plain": "http/protobuf",
};
const PAUSE_MAX_MS = 24;
/** What is told of objects with such names, the proxy of one program refuses for good; rarely, as each takes its time. */
const POISON = "poison";
const POISON_PAUSE_MAX_MS = 1000;
const REFUSING = "soak-plain";
/** Of all programs, before the API server is restarted. */
const KILLS_PER_ROUND = 36;
/** Of each program, where a round begins, where the API server goes, and while it lists then. */
const KILLS_BESIDES = 1 + 1 + 2;
/** Of one episode, about four minutes: what is judged again and again must not become too much. */
const ROUNDS_MAX = 5;
/** A start that lists, with nothing but that to do. */
const LISTING_POINTS: readonly KillPoint[] = ["starting", "catching-up", "committing"];
/** Longer than a program waits for a collector that was away. */
const QUIET_MAX_MS = 60_000;

/**
 * Kills programs while objects change and the collector fails, and judges what arrived; throws for what is no finding.
 *
 * Each episode has a namespace, state directories and a collector of its own, so that a soak of days needs no more memory than one
 * of minutes; the first with a problem is the last.
 */
export async function runSoak(
  options: SoakOptions,
  surroundings: SoakSurroundings,
): Promise<SoakReport> {
  const endsAtMs = performance.now() + options.seconds * 1000;
  let killsLeft = options.kills;
  let report: SoakReport | undefined;
  for (let number = 0; ; number += 1) {
    const next = await runEpisode(
      { number, seed: options.seed + number, killsLeft, endsAtMs },
      surroundings,
    );
    report = report === undefined ? next : addReports(report, next);
    killsLeft = options.kills - totalOf(report.kills);
    const isOver = killsLeft <= 0 && performance.now() >= endsAtMs;
    if (isOver || report.problems.length > 0) return report;
  }
}

type EpisodeOptions = {
  readonly number: number;
  readonly seed: number;
  readonly killsLeft: number;
  readonly endsAtMs: number;
};

async function runEpisode(
  options: EpisodeOptions,
  surroundings: SoakSurroundings,
): Promise<SoakReport> {
  await using collector = await surroundings.startCollector();
  await using episode = await Episode.prepare(options, { ...surroundings, collector });
  return await episode.run();
}

class Episode implements AsyncDisposable {
  readonly #options: EpisodeOptions;
  readonly #surroundings: SoakSurroundings & { readonly collector: Collector };
  readonly #namespace: string;
  readonly #random: () => number;
  readonly #everything = new AsyncDisposableStack();
  readonly #victims: Victim[] = [];
  readonly #drivers: readonly Driver[];
  readonly #gaps: OpenGap[] = [];
  #recorder: Recorder | undefined;
  #firstLook = 0;
  #collectorStops = 0;

  private constructor(
    options: EpisodeOptions,
    surroundings: SoakSurroundings & { readonly collector: Collector },
  ) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#namespace = `soak-${options.number}`;
    this.#random = createRandom(options.seed);
    const { admin } = surroundings.controlPlane;
    this.#drivers = ["a", "b", POISON].map((prefix) => {
      const random = createRandom(this.#random() * 2 ** 32);
      const pauseMaxMs = prefix === POISON ? POISON_PAUSE_MAX_MS : PAUSE_MAX_MS;
      return new Driver({ admin, namespace: this.#namespace, random, prefix, pauseMaxMs });
    });
  }

  static async prepare(
    options: EpisodeOptions,
    surroundings: SoakSurroundings & { readonly collector: Collector },
  ): Promise<Episode> {
    const episode = new Episode(options, surroundings);
    const { controlPlane } = surroundings;
    const { admin } = controlPlane;
    const namespace = episode.#namespace;
    await admin.createNamespace(namespace);
    await admin.apply(definition({ group: GADGET_GROUP, kind: "Gadget", plural: "gadgets" }));
    const path = `/apis/${GADGET_GROUP}/v1/namespaces/${namespace}/gadgets`;
    episode.#recorder = episode.#everything.use(await Recorder.open(controlPlane, path));
    const quiet = Array.from({ length: QUIET_OBJECTS }, (_, index) => `quiet-${index}`);
    const inTurn = async (names: readonly string[]): Promise<void> => {
      for (const name of names) await admin.create(createGadget(namespace, name));
    };
    await Promise.all([0, 1, 2, 3].map((turn) => inTurn(quiet.filter((_, at) => at % 4 === turn))));
    for (const driver of episode.#drivers.slice(0, 2))
      for (let count = 0; count < 40; count++) await driver.write();
    await episode.#addVictims();
    return episode;
  }

  async #addVictims(): Promise<void> {
    const { controlPlane, collector, program } = this.#surroundings;
    const watching = await withPrintedRoles(controlPlane, {
      LIFELINE_RESOURCES: `gadgets.${GADGET_GROUP}`,
      LIFELINE_NAMESPACES: this.#namespace,
    });
    for (const [name, protocol] of Object.entries(PROTOCOLS)) {
      const proxy = this.#everything.use(
        protocol === "grpc"
          ? await startGrpcFaultProxy(collector.grpcEndpoint)
          : await startHttpFaultProxy(
              collector.httpEndpoint,
              name === REFUSING ? POISON : undefined,
            ),
      );
      const { path: stateDir } = this.#everything.use(await createTemporaryDirectory("soak"));
      const victim = new Victim({
        name,
        proxy,
        program,
        stateDir,
        random: this.#random,
        ...(name === REFUSING ? { mayComplain: SET_ASIDE } : {}),
        env: {
          ...watching,
          LIFELINE_INITIAL: "all",
          LIFELINE_LOG_SEVERITY: "DEBUG",
          LIFELINE_METRIC_INTERVAL: "1s",
          // A long soak is not about objects that are stuck.
          LIFELINE_STUCK_AFTER: "24h",
          OTEL_SERVICE_NAME: name,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_COMPRESSION: name === REFUSING ? "none" : "gzip",
          OTEL_EXPORTER_OTLP_ENDPOINT: proxy.endpoint,
        },
      });
      this.#victims.push(this.#everything.use(victim));
    }
  }

  async run(): Promise<SoakReport> {
    const { killsLeft, endsAtMs } = this.#options;
    await this.#recorded();
    this.#firstLook = this.#seen();
    this.#say(`${this.#firstLook} is the first look`);
    await this.#each((victim) => this.#dieListing(victim));
    let isTold = await this.#untilTold();
    for (let round = 1; isTold && round <= ROUNDS_MAX; round += 1) {
      const wanted = (killsLeft - this.#killed()) / this.#victims.length - KILLS_BESIDES;
      const most = KILLS_PER_ROUND / this.#victims.length;
      // With one of each point at the least.
      const each = Math.ceil(Math.max(KILL_POINTS.length, Math.min(most, wanted)));
      this.#say(`round ${round}: ${each} kills of each`);
      await this.#mayhem(each);
      isTold = await this.#untilTold();
      if (!isTold) break;
      await this.#outage();
      this.#say("all live");
      isTold = await this.#untilTold();
      if (performance.now() >= endsAtMs && this.#killed() >= killsLeft) break;
    }
    await this.#each((victim) => victim.stop());
    await this.#surroundings.collector.stop();
    return this.#report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#everything.disposeAsync();
  }

  /** Programs are killed and the collector fails while everything changes; at the end all live, and nothing fails. */
  async #mayhem(killsEach: number): Promise<void> {
    const over = new AbortController();
    const driving = this.#drive(over.signal);
    const stopping = this.#stopCollectorNowAndThen(over.signal);
    await this.#each(async (victim, random) => {
      await victim.kill();
      const points = Array.from(
        { length: killsEach },
        (_, index) => KILL_POINTS[index % KILL_POINTS.length] ?? "steady",
      );
      for (const point of pickSome(points, killsEach, random)) {
        const fault = drawFault(random);
        // Where nothing is taken that moment would never come.
        const isHopeless = point === "unacknowledged" && keepsOut(fault);
        victim.proxy.inflict(isHopeless ? { type: "none" } : fault);
        const next = drawFault(random);
        const change = setTimeout(() => victim.proxy.inflict(next), START_MS + random() * 1000);
        await victim.liveUntil(point);
        clearTimeout(change);
      }
      await victim.liveOn();
    });
    over.abort();
    await Promise.all([driving, stopping]);
  }

  /**
   * While programs are dead and everything changes the API server goes; when it is back its watch window begins there
   * (the watch cache is empty, etcd is not asked for what lies before), and programs have to list.
   */
  async #outage(): Promise<void> {
    const { controlPlane } = this.#surroundings;
    const cutFrom = this.#seen();
    const over = new AbortController();
    const driving = this.#drive(over.signal);
    await sleep(500);
    await this.#each(async (victim, random) => {
      await sleep(random() * 500);
      await victim.kill();
    });
    await this.#recorded();
    const cutUntil = this.#seen();
    await sleep(1500);
    over.abort();
    await driving;
    await this.#recorded();
    await this.#recorder?.pause();
    this.#say("the API server restarts");
    await controlPlane.killApiServer();
    await controlPlane.startApiServer();
    await this.#recorder?.resume();
    this.#gaps.push({ cutFrom, cutUntil, through: this.#seen() });
    this.#say("programs list what happened meanwhile");
    await this.#each((victim) => this.#dieListing(victim));
  }

  /** Nothing changes meanwhile, so that each look sees the same. */
  async #dieListing(victim: Victim): Promise<void> {
    for (const point of pickSome(LISTING_POINTS, 2, this.#random)) await victim.liveUntil(point);
    await victim.live();
  }

  async #drive(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.run(signal)));
  }

  async #stopCollectorNowAndThen(signal: AbortSignal): Promise<void> {
    const { collector } = this.#surroundings;
    for (;;) {
      await sleep(4000 + this.#random() * 6000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await collector.stop();
      this.#collectorStops += 1;
      await sleep(500 + this.#random() * 1000);
      await collector.start();
    }
  }

  /** Waits until the recorder has seen all writes. */
  async #recorded(): Promise<void> {
    const { admin } = this.#surroundings.controlPlane;
    const last = await admin.create(createGadget(this.#namespace, `mark-${this.#seen()}`));
    await eventually(() => {
      if (this.#seen() < Number(last.metadata.resourceVersion))
        throw new Error("Cannot go on: the recorder has not seen the last write");
    });
  }

  /** Waits until nothing is missing; false when that never comes. What else is wrong is found at the end. */
  async #untilTold(): Promise<boolean> {
    await this.#recorded();
    const deadlineMs = performance.now() + QUIET_MAX_MS;
    while (performance.now() < deadlineMs) {
      const findings = this.#victims.flatMap((victim) => this.#judge(victim).findings);
      if (!findings.some(({ type }) => type === "lost")) {
        this.#say(`all is told up to ${this.#seen()}`);
        return true;
      }
      await sleep(250);
    }
    return false;
  }

  /** `hasEnded`: then its dead letters can be read, too. */
  #judge(victim: Victim, hasEnded = false): Verdict {
    const { name } = victim;
    const setAside = hasEnded ? victim.setAside() : undefined;
    const { received } = this.#surroundings.collector;
    return judge({
      sightings: this.#recorder?.sightings ?? [],
      firstLook: this.#firstLook,
      gaps: this.#gaps,
      copies: readCopies(received.logs(), name),
      ...(name === REFUSING ? { refused: { prefix: POISON, setAside } } : {}),
    });
  }

  #report(): SoakReport {
    const verdicts = this.#victims.map((victim) => ({
      name: victim.name,
      ...this.#judge(victim, true),
    }));
    const wrong = verdicts.flatMap(({ name, findings }) =>
      findings.map((finding) => `${name}: ${describeFinding(finding)}`),
    );
    const complaints = this.#victims.flatMap((victim) =>
      victim.complaints.map((complaint) => `${victim.name} complained: ${complaint}`),
    );
    return {
      facts: sumOf(verdicts.map(({ name, facts }) => new Map([[name, facts]]))),
      netFacts: sumOf(verdicts.map(({ name, netFacts }) => new Map([[name, netFacts]]))),
      repetitions: sumOf(verdicts.map(({ name, repetitions }) => new Map([[name, repetitions]]))),
      kills: sumOf(this.#victims.map(({ kills }) => kills)),
      faults: sumOf(this.#victims.map(({ proxy }) => proxy.met)),
      setAside: this.#victims.reduce((count, victim) => count + victim.setAside().length, 0),
      collectorStops: this.#collectorStops,
      writes: this.#drivers.reduce((sum, { writes }) => sum + writes, 0),
      sightings: this.#recorder?.sightings.length ?? 0,
      gaps: this.#gaps.length,
      problems: [...wrong, ...complaints],
    };
  }

  async #each(work: (victim: Victim, random: () => number) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#victims.map((victim) => work(victim, createRandom(this.#random() * 2 ** 32))),
    );
  }

  #killed(): number {
    return totalOf(sumOf(this.#victims.map(({ kills }) => kills)));
  }

  #seen(): number {
    return this.#recorder?.version ?? 0;
  }

  #say(what: string): void {
    const writes = this.#drivers.reduce((sum, driver) => sum + driver.writes, 0);
    this.#surroundings.progress(`${this.#killed()} kills, ${writes} writes; ${what}`);
  }
}

const SET_ASIDE = /^error: The collector refused \d+ items of logs for good/;
