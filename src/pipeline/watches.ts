import type { ApiClient } from "../cluster/api-client.ts";
import { InitialSyncs } from "../cluster/initial-syncs.ts";
import type { KindFacts } from "../cluster/kube-object.ts";
import { watchResource } from "../cluster/reflector.ts";
import type { ClusterReport } from "../cluster/report.ts";
import { shardFilter } from "../cluster/shard.ts";
import { formatWatchKey, type WatchKey } from "../cluster/watch-event.ts";
import type { WatchRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { fieldAt } from "../util/json.ts";
import { toError } from "../util/to-error.ts";
import { type ActiveWatch, enterPhase, giveSign, hearAgain, loseTouch } from "./active-watch.ts";
import type { Commit } from "./commit.ts";
import type { Intake, Taken } from "./intake.ts";
import type { PipelineReport } from "./report.ts";

const RETRY_MS = 1000;

export type WatchesOptions = {
  readonly client: ApiClient;
  readonly store: Store;
  readonly commit: Commit;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly random: () => number;
  /** A watch has begun. */
  readonly started: () => void;
  readonly report: (report: PipelineReport) => void;
  readonly reportCluster: (report: ClusterReport) => void;
};

export type WatchStart = {
  readonly key: WatchKey;
  readonly facts: KindFacts;
  readonly includes: (namespace: string) => boolean;
  /** Unix milliseconds: its kind did not exist then, so that all which it holds was created since. */
  readonly absentAtMs?: number;
  /** It goes on from a complete look of this run, which need not be told again. */
  readonly wasSynced?: boolean;
};

type Running = {
  readonly watch: ActiveWatch;
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
};

/** The running watches: each is one loop from its reflector to the intake, begun and ended by its key. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #running = new Map<string, Running>();
  readonly #byId = new Map<number, ActiveWatch>();
  readonly #initialSyncs = new InitialSyncs();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** Those that run. */
  *[Symbol.iterator](): Generator<ActiveWatch> {
    for (const { watch } of this.#running.values()) yield watch;
  }

  /** The running watch of that row id. */
  byId(id: number): ActiveWatch | undefined {
    return this.#byId.get(id);
  }

  /** The row ids of those whose objects are of interest. */
  ids(): readonly number[] {
    return [...this.#byId.keys()];
  }

  /**
   * Begins a watch where its last run ended, or with a first look; a watch that runs already goes on as it is. Answers
   * with an error where the state file can't be written: nothing has begun then, and it may be tried again.
   */
  start(start: WatchStart): Error | undefined {
    const name = formatWatchKey(start.key);
    if (this.#running.has(name)) return undefined;
    const { store, commit } = this.#options;
    // What a watch of this key that has just ended said last may still be pending.
    if (!commit.flush()) return commit.failure?.error;
    try {
      this.#begin(start, name, store.openWatch(name, start.key, JSON.stringify(start.facts)));
      return undefined;
    } catch (thrown) {
      return toError(thrown);
    }
  }

  #begin(start: WatchStart, name: string, row: WatchRow): void {
    const { commit, clock, report } = this.#options;
    const isSameVersion = servesSameVersion(row, start.facts);
    // Durable before the look: who is killed in the middle of it must not go on from the old position.
    if (!isSameVersion) {
      commit.forgetPosition(row.id);
      commit.flush();
    }
    const watch = toActiveWatch(row, start, clock.now());
    if (!isSameVersion) watch.position = watch.reached = undefined;
    this.#byId.set(watch.id, watch);
    const stopping = new AbortController();
    this.#running.set(name, { watch, stopping, ended: this.#run(watch, stopping.signal) });
    report({ type: "watch-started", watch: name, from: watch.position });
    this.#options.started();
  }

  /** Ends a watch; its objects stay remembered. Answers whether its last complete look still held. */
  async stop(key: WatchKey, reason: string): Promise<{ readonly wasSynced: boolean }> {
    const name = formatWatchKey(key);
    const running = this.#running.get(name);
    await this.#end(name, reason);
    if (running !== undefined && !this.#running.has(name)) this.#byId.delete(running.watch.id);
    return { wasSynced: running?.watch.state === "synced" };
  }

  /**
   * Tells of everything that a watch holds, whether it runs or not, that it is gone with its kind; should the kind come
   * back, the watch begins with a first look. `held`: not all of that could be written; to be tried again.
   */
  async gone(start: WatchStart): Promise<Taken> {
    const { store, commit, intake, clock } = this.#options;
    const name = formatWatchKey(start.key);
    await this.#end(name, "its kind is no longer served");
    if (!commit.flush()) return "held";
    try {
      const row = store.openWatch(name, start.key, JSON.stringify(start.facts));
      const watch = toActiveWatch(row, start, clock.now());
      // It stays known, for what has yet to be told of what it held.
      this.#byId.set(watch.id, watch);
      if ((await intake.take(watch, [{ type: "kind-gone" }])) === "held") return "held";
      return commit.flush() && store.resetWatch(watch.id).type !== "failed" ? "taken" : "held";
    } catch (thrown) {
      this.#options.report({ type: "watch-crashed", watch: name, error: toError(thrown) });
      return "held";
    }
  }

  /** Ends all watches because the process stops; what they watched stays known, so that no series ends. */
  async stopAll(reason: string): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name, reason)));
  }

  async #end(name: string, reason: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    running.stopping.abort();
    await running.ended;
    // Somebody else may have waited for the same end, and begun anew since.
    if (this.#running.get(name) !== running) return;
    this.#running.delete(name);
    this.#options.report({ type: "watch-stopped", watch: name, reason });
  }

  async #run(watch: ActiveWatch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(watch, signal);
      } catch (thrown) {
        // Nothing was taken of what threw: it is asked for again.
        if (!this.#options.commit.holdFor(thrown)) await this.#crash(watch, thrown, signal);
      }
      if (this.#options.commit.failing) enterPhase(watch, "held");
      loseTouch(watch, this.#options.clock.now());
      // Held: the request is closed, and asked for again from the position once the state file can be used.
      await this.#options.commit.recovered(signal);
    }
  }

  async #crash(watch: ActiveWatch, thrown: unknown, signal: AbortSignal): Promise<void> {
    const { report, clock } = this.#options;
    if (watch.state !== "synced") watch.state = "failed";
    report({ type: "watch-crashed", watch: watch.name, error: toError(thrown) });
    await clock.sleep(RETRY_MS, signal);
  }

  async #follow(watch: ActiveWatch, signal: AbortSignal): Promise<void> {
    const { client, clock, random, intake } = this.#options;
    const report = (reported: ClusterReport): void => {
      notePhase(watch, reported);
      // Of a connection that broke nobody knows when it was heard last but by what was.
      if (reported.type === "reconnect")
        loseTouch(watch, (reported.cause !== "closed" && watch.lastSignAtMs) || clock.now());
      if (reported.type === "watch-state" && reported.state === "watching") {
        hearAgain(watch, clock.now());
        giveSign(watch, clock.now());
        if (watch.hadHistory && watch.state !== "synced") watch.state = "resumed";
      }
      this.#options.reportCluster(reported);
    };
    const from = watch.position === undefined ? {} : { from: watch.position };
    watch.resync = undefined;
    for await (const events of watchResource({
      client,
      facts: watch.facts,
      key: watch.key,
      ...from,
      clock,
      random,
      report,
      signal,
      initialSyncs: this.#initialSyncs,
    })) {
      if ((await intake.take(watch, events)) === "held") return;
    }
  }
}

function toActiveWatch(row: WatchRow, start: WatchStart, startedAtMs: number): ActiveWatch {
  return {
    id: row.id,
    kindId: row.kindId,
    name: formatWatchKey(start.key),
    key: start.key,
    facts: start.facts,
    includes: start.includes,
    isOurs: start.key.shard === undefined ? () => true : shardFilter(start.key.shard),
    startedAtMs,
    hadHistory: row.positionAt !== null,
    position: row.position ?? undefined,
    reached: row.position ?? undefined,
    lookedAtMs: row.positionAt ?? start.absentAtMs,
    resync: undefined,
    resyncIsBlind: false,
    state: start.wasSynced === true ? "synced" : "syncing",
    phase: "starting",
    phases: new Set(),
    events: 0,
    lastSignAtMs: undefined,
    unheardSinceMs: undefined,
    // What happened since the other one ended comes first.
    isBehind: start.wasSynced === true,
    lastError: undefined,
    missingSinceMs: startedAtMs,
    staleAt: undefined,
    netChanges: {},
    firstLook: { told: 0, withheld: 0 },
  };
}

/** What the watch does from now on; that it waits says less than why. */
function notePhase(watch: ActiveWatch, report: ClusterReport): void {
  if (report.type === "kind-forbidden") enterPhase(watch, "forbidden");
  if (report.type === "kind-missing") enterPhase(watch, "missing");
  if (report.type !== "watch-state") return;
  const isUnavailable = watch.phase === "forbidden" || watch.phase === "missing";
  if (report.state !== "waiting" || !isUnavailable) enterPhase(watch, report.state);
}

/** Under another version every object may look different, which is no change: all of them are looked at anew first. */
function servesSameVersion(row: { readonly knownFacts: string | null }, facts: KindFacts): boolean {
  return (
    row.knownFacts === null || fieldAt(JSON.parse(row.knownFacts), "version") === facts.version
  );
}
