import type { ApiClient } from "../cluster/api-client.ts";
import type { KindFacts } from "../cluster/kube-object.ts";
import type { KubeObject } from "../cluster/kube-object.ts";
import type { ClusterReport } from "../cluster/report.ts";
import { formatShard, type Shard } from "../cluster/shard.ts";
import { decodeMetadata, decodeStatus } from "../history/object-state.ts";
import type { Redact } from "../history/redact.ts";
import type { InitialPolicy } from "../lifecycle/first-look.ts";
import type { TraceOptions } from "../lifecycle/fold.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import { objectPoints } from "../lifecycle/points.ts";
import type {
  Attributes,
  Interpret,
  LogSignal,
  ObjectPoints,
  Severity,
  TraceSignal,
} from "../lifecycle/signal.ts";
import type { DividedRequest } from "../otlp/divide-request.ts";
import type { MetricExporter } from "../otlp/metric-exporter.ts";
import type { Transport } from "../otlp/transport.ts";
import type { SeriesRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { toError } from "../util/to-error.ts";
import type { ActiveWatch } from "./active-watch.ts";
import { Aggregates, SHARD_ATTRIBUTE } from "./aggregates.ts";
import { Blindness, isBlind } from "./blindness.ts";
import { CatchUp } from "./catch-up.ts";
import { Commit } from "./commit.ts";
import { Deadlines } from "./deadlines.ts";
import { Fold } from "./fold.ts";
import { healthOf } from "./health-of.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { StateFailure } from "./hold.ts";
import { Intake } from "./intake.ts";
import { ObjectCounts } from "./object-counts.ts";
import { OutboxRoom } from "./outbox-room.ts";
import type { Encoder } from "./pending-requests.ts";
import type { PipelineReport } from "./report.ts";
import { Sender } from "./sender.ts";
import { type Judge, Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { Watches } from "./watches.ts";

export type PipelineOptions = {
  readonly client: ApiClient;
  readonly store: Store;
  readonly redact: Redact;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (report: PipelineReport) => void;
  readonly reportCluster: (report: ClusterReport) => void;
  /** Whether this instance may send; all else it does anyway. */
  readonly active: () => boolean;
  readonly clusterName: string | undefined;
  /** Whose objects are kept; undefined: all. */
  readonly shard?: Shard | undefined;
  readonly initial: InitialPolicy;
  readonly minimumSeverity: Severity;
  /** For so long an object may be on its way before it is called stuck. */
  readonly stuckAfterMs: number;
  readonly metricIntervalMs: number;
  readonly metricHeartbeatMs: number;
  /** Bound of what waits for the collector. */
  readonly outboxMaxBytes: number;
  /** Absent: that signal is not exported. */
  readonly logs: Outlet<LogSignal> | undefined;
  readonly traces?: Outlet<TraceSignal> | undefined;
  /** How traces are made. Absent: none are, and records belong to none. */
  readonly tracing?: TraceOptions;
  readonly metrics: MetricExporter | undefined;
};

/** An encoder, and where what it encodes goes. */
type Outlet<Signal> = Encoder<Signal> & {
  readonly transport: Transport;
  readonly divide?: (body: Uint8Array) => DividedRequest | undefined;
};

/**
 * Where the four stages meet, for one cluster: what comes in by the watches is compared (history), understood
 * (lifecycle), committed with everything that it says, and then delivered (otlp).
 */
export class Pipeline {
  readonly watches: Watches;
  readonly #options: PipelineOptions;
  readonly #commit: Commit;
  readonly #counts = new ObjectCounts();
  readonly #deadlines: Deadlines;
  readonly #upkeep: Upkeep;
  readonly #blindness: Blindness;
  readonly #room: OutboxRoom | undefined;
  readonly #catchUp: CatchUp | undefined;
  /** One per signal that waits in the outbox: a slow one does not hold up the other. */
  readonly #senders: readonly Sender[];
  readonly #heartbeat: Heartbeat | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { store, clock, report, redact } = options;
    this.#room = createRoom(options);
    this.#commit = new Commit({
      store,
      clock,
      report,
      logs: options.logs,
      traces: options.traces,
      room: this.#room,
      sharedAttributes: shardAttributes(options),
      committed: (touched) => this.#committed(touched),
    });
    const interpret = createInterpret({
      ...clusterNameOf(options),
      minimumSeverity: options.minimumSeverity,
      stuckAfterMs: options.stuckAfterMs,
      traces: options.tracing,
    });
    const fold = this.#createFold(interpret);
    this.#heartbeat = this.#createHeartbeat();
    this.#senders = [this.#createSender("logs"), this.#createSender("traces")].filter(
      (sender) => sender !== undefined,
    );
    this.#catchUp = this.#createCatchUp(interpret);
    this.#deadlines = new Deadlines({
      store,
      commit: this.#commit,
      fold,
      // What happened while nobody ran comes first: time may have nothing to say any more.
      watchIds: () => this.watches.ids().filter((id) => this.watches.byId(id)?.state === "synced"),
      watchOf: (row) => this.watches.byId(row.watchId),
      clock,
      report,
    });
    const [commit, counts] = [this.#commit, this.#counts];
    const intake = new Intake({ store, commit, fold, counts, redact, clock, report });
    this.watches = this.#createWatches(intake);
    const watches = (): Watches => this.watches;
    const gone: UpkeepOptions["gone"] = (watch, row) => intake.dropUnseen(watch, row);
    this.#upkeep = new Upkeep({ store, commit: this.#commit, watches, gone, clock, report });
    const { minimumSeverity } = options;
    this.#blindness = new Blindness({
      commit: this.#commit,
      watches,
      minimumSeverity,
      clock,
      report,
    });
  }

  /** The watches of this run have begun: forgets what others remembered, as far as `judge` lets it. */
  forgetUnless(judge: Judge): void {
    this.#upkeep.forgetUnless(judge);
  }

  /** Why the state file can't be used; while that is so, watches are held. */
  get stateFailure(): StateFailure | undefined {
    return this.#commit.failure;
  }

  get liveSeries(): number {
    return this.#heartbeat?.liveSeries ?? 0;
  }

  /** How many objects a watch holds. */
  objectsOf(watch: ActiveWatch): number {
    return Object.values(this.#counts.byHealth(watch.id)).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Commits and delivers until `signal` aborts; a request that is under way then goes on until `deadline`. While the
   * state file can't be read all of it waits; throws if that is damaged.
   */
  async run(signal: AbortSignal, deadline: AbortSignal): Promise<void> {
    const commit = this.#commit;
    await Promise.all([
      commit.run(signal),
      // First of all, as watches begin with it, and again whenever: what is committed is what there is.
      commit.lasting(() => this.#countAll(), signal),
      commit.lasting(() => this.#deadlines.run(signal), signal),
      commit.lasting(() => this.#upkeep.run(signal), signal),
      commit.lasting(() => this.#blindness.run(signal), signal),
      commit.lasting(() => this.#catchUp?.run(signal), signal),
      ...this.#senders.map((sender) => commit.lasting(() => sender.run(signal, deadline), signal)),
      this.#heartbeat?.run(signal, deadline),
    ]);
  }

  async #countAll(): Promise<void> {
    this.#counts.reset(this.#options.store.countsByHealth());
  }

  /** The last commit, then what the deadline allows: changed gauges once, the outbox until it is empty. A stop ends no series. */
  async finish(deadline: AbortSignal): Promise<void> {
    this.#commit.flush();
    await Promise.all([
      this.#unlessUnreadable(this.#heartbeat?.finish(deadline)),
      ...this.#senders.map((sender) => this.#unlessUnreadable(sender.finish(deadline))),
    ]);
  }

  /** What cannot be read now, at the end, the next run has. */
  async #unlessUnreadable(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (thrown) {
      if (!this.#commit.holdFor(thrown)) throw thrown;
    }
  }

  #createWatches(intake: Intake): Watches {
    const { client, store, clock, random, report, reportCluster } = this.#options;
    return new Watches({
      client,
      store,
      commit: this.#commit,
      intake,
      clock,
      random,
      started: () => {
        this.#deadlines.moved();
        this.#catchUp?.moved();
      },
      report,
      reportCluster,
    });
  }

  #createFold(interpret: Interpret): Fold {
    const { store, initial, minimumSeverity } = this.#options;
    return new Fold({
      store,
      commit: this.#commit,
      interpret,
      initial,
      minimumSeverity,
      kindOf: (watchId) => this.watches.byId(watchId)?.facts,
      pin: (row, decoded) =>
        this.#heartbeat === undefined || this.#heartbeat.isPinned(row)
          ? undefined
          : this.#pointsOf(row, decoded),
    });
  }

  #createHeartbeat(): Heartbeat | undefined {
    const { metrics: exporter, store, clock, random, report, active } = this.#options;
    if (exporter === undefined) return undefined;
    const kindOf = (watchId: number): KindFacts | undefined => this.watches.byId(watchId)?.facts;
    return new Heartbeat({
      store,
      exporter,
      aggregates: new Aggregates({
        store,
        counts: this.#counts,
        exporter,
        kindOf,
        isBlind: this.#isBlind,
        clusterName: this.#options.clusterName,
        sharedAttributes: shardAttributes(this.#options),
      }),
      flush: () => this.#commit.flush(),
      pointsOf: (row) => this.#pointsOf(row),
      isBlind: this.#isBlind,
      clock,
      random,
      intervalMs: this.#options.metricIntervalMs,
      heartbeatMs: this.#options.metricHeartbeatMs,
      active,
      report,
      lasting: (work, signal) => this.#commit.lasting(work, signal),
    });
  }

  readonly #isBlind = (watchId: number): boolean => {
    const watch = this.watches.byId(watchId);
    return watch !== undefined && isBlind(watch, this.#options.clock.now());
  };

  #createSender(signal: "logs" | "traces"): Sender | undefined {
    const { [signal]: outlet, store, clock, random, report, active } = this.#options;
    if (outlet === undefined) return undefined;
    return new Sender({
      store,
      signal,
      encoding: outlet.encoding,
      transport: outlet.transport,
      divide: outlet.divide,
      clock,
      random,
      active,
      // Most collectors take all signals.
      recovered: () => this.#heartbeat?.resume(),
      report,
    });
  }

  #createCatchUp(interpret: Interpret): CatchUp | undefined {
    const { store, minimumSeverity, clock, report } = this.#options;
    if (this.#room === undefined) return undefined;
    return new CatchUp({
      store,
      commit: this.#commit,
      room: this.#room,
      interpret,
      minimumSeverity,
      watchOf: (row) => this.watches.byId(row.watchId),
      clock,
      report,
    });
  }

  #committed(touched: Parameters<Heartbeat["touch"]>[0]): void {
    this.#counts.apply(touched);
    this.#heartbeat?.touch(touched);
    for (const sender of this.#senders) sender.wake();
    this.#deadlines.moved();
    if (this.#room?.isBehind === true) this.#catchUp?.moved();
  }

  /** None for a row that nobody watches, or that no sense can be made of. */
  #pointsOf(row: SeriesRow, decoded?: KubeObject): ObjectPoints | undefined {
    const watch = this.watches.byId(row.watchId);
    if (watch === undefined) return undefined;
    try {
      const object = decoded ?? {
        apiVersion: row.apiVersion,
        kind: watch.facts.kind,
        metadata: decodeMetadata(row),
        ...decodeStatus(row),
      };
      const options = { ...clusterNameOf(this.#options), health: healthOf(row) };
      return objectPoints(object, watch.facts, options);
    } catch (thrown) {
      this.#options.report({
        type: "object-skipped",
        watch: watch.name,
        object: `${row.namespace}/${row.name}`,
        error: toError(thrown),
      });
      return undefined;
    }
  }
}

/** Where neither records nor spans are sent nothing waits, so that nothing is ever full. */
function createRoom(options: PipelineOptions): OutboxRoom | undefined {
  const { store, outboxMaxBytes: maxBytes, clock, report } = options;
  const queues = (["logs", "traces"] as const).flatMap((signal) => {
    const outlet = options[signal];
    return outlet === undefined ? [] : [{ signal, encoding: outlet.encoding }];
  });
  if (queues.length === 0) return undefined;
  return new OutboxRoom({ store, queues, maxBytes, clock, report });
}

/** What tells the sums of one shard from those of the others. */
function shardAttributes({ shard }: PipelineOptions): Attributes {
  return shard === undefined ? {} : { [SHARD_ATTRIBUTE]: formatShard(shard) };
}

function clusterNameOf(options: PipelineOptions): { clusterName?: string } {
  return options.clusterName === undefined ? {} : { clusterName: options.clusterName };
}
