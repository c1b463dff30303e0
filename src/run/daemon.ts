import { createNoopMeter } from "@opentelemetry/api";
import type { ApiClient } from "../cluster/api-client.ts";
import { type ClusterIdentity, identifyCluster } from "../cluster/cluster-identity.ts";
import type { Credentials } from "../cluster/credentials.ts";
import { createStartingCheck, type FindServerStarting } from "../cluster/find-server-starting.ts";
import { createHttpApiClient } from "../cluster/http-api-client.ts";
import { patiently } from "../cluster/patiently.ts";
import { createRedactor } from "../history/redact.ts";
import { REDACTION_VERSION } from "../history/redaction-version.ts";
import type { WriteBytes } from "../otlp/console/console-transport.ts";
import type { LineOptions } from "../otlp/console/line.ts";
import { KindFollower } from "../pipeline/kind-follower.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import { renewRedaction } from "../pipeline/renew-redaction.ts";
import type { PipelineReport } from "../pipeline/report.ts";
import { asPlanned, wantedOf } from "../pipeline/wanted-of.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { createKeyedMark } from "../util/keyed-mark.ts";
import { toError } from "../util/to-error.ts";
import { whenAborted } from "../util/when-aborted.ts";
import type { Configuration } from "./configuration.ts";
import { createDelivery, type Delivery, openTransports, type Transports } from "./delivery.ts";
import { startHealthServer } from "./health-server.ts";
import { objectResource } from "./object-resource.ts";
import { openStore } from "./open-store.ts";
import { type OwnLog, withRecords } from "./own-log.ts";
import { Readiness } from "./readiness.ts";
import { Reporter } from "./reporter.ts";
import type { Observations } from "./telemetry/observe.ts";
import { observePipeline } from "./telemetry/observe-pipeline.ts";
import type { SelfExporterOptions, SelfExporters } from "./telemetry/self-exporters.ts";
import { RepetitionGuard } from "./telemetry/repetition-guard.ts";
import { selfResource } from "./telemetry/self-resource.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { tracingOf } from "./tracing.ts";

export type DaemonOptions = {
  readonly configuration: Configuration;
  readonly credentials: Credentials;
  readonly ownLog: OwnLog;
  readonly clock: Clock;
  readonly random: () => number;
  /** Tells this process from its replicas and its predecessors. */
  readonly instanceId: string;
  /** Where a private state directory may be made. */
  readonly temporaryDirectory: string;
  readonly console: LineOptions & { readonly write: WriteBytes };
  readonly memory: Observations["memory"];
  /** Its libraries read the environment, so main.ts brings it. */
  readonly createSelfExporters: (options: SelfExporterOptions) => SelfExporters;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
};

/** What closing the file and the sockets takes at most, so that a stop ends within its timeout. */
const CLOSING_MS = 500;

/** How a run ended; `misconfigured` and `failed` say why for people. */
export type DaemonEnd =
  | { readonly type: "stopped" }
  | { readonly type: "misconfigured"; readonly error: Error }
  | { readonly type: "failed"; readonly error: Error };

/** Everything between a valid configuration and the end: waits for the cluster, watches, delivers, and shuts down in order. */
export async function runDaemon(options: DaemonOptions): Promise<DaemonEnd> {
  const { configuration, credentials, clock, stop } = options;
  await using cleanup = new AsyncDisposableStack();
  const transports = await openTransports(configuration.exporters, clock);
  if (transports instanceof Error) return { type: "misconfigured", error: transports };
  cleanup.use(transports);
  const readiness = new Readiness(clock);
  const guard = new RepetitionGuard();
  const reporter = new Reporter(
    createTelemetry({ ownLog: options.ownLog, meter: createNoopMeter(), clock, guard }),
    readiness,
  );
  const { report, reportCluster } = reporter;
  const health = await startHealthServer(configuration.httpAddress, readiness);
  if (health.type === "failed") {
    if (configuration.mode !== "sidecar") return health;
    // The operator may have the port, and is what the pod is for.
    options.ownLog.log("error", `${health.error.message}; goes on without it, being a sidecar`);
  }
  if (health.type === "listening") cleanup.use(health.server);
  const client = createHttpApiClient({ credentials, clock, report: reportCluster });
  cleanup.defer(() => client.close());
  const findServerStarting = createStartingCheck(client, clock);
  const identity = await patiently(
    () => identify(client, credentials, { findServerStarting, report, stop }),
    { ...options, signal: stop },
  );
  if (identity === undefined) return { type: "stopped" };
  const exporters = openTelemetry(options, identity, { reporter, guard, transports });
  const leftMs = countDown(configuration.shutdownTimeoutMs, { clock, stop });
  const store = await openStore({ ...options, readiness, report }, identity, cleanup);
  // Ends before the store does: the last self-metrics look at it.
  cleanup.defer(() => exporters.shutdown(leftMs()));
  if (store === undefined) return { type: "stopped" };
  if (store instanceof Error) return { type: "failed", error: store };
  readiness.opened(store);
  const delivery = createDelivery({
    ...options,
    exporters: configuration.exporters,
    transports,
    resource: objectResource(configuration, identity.uid),
  });
  // Awaited here: what is cleaned up at the end of this scope is in use until then.
  return await operate(options, {
    client,
    store,
    delivery,
    readiness,
    reporter,
    exporters,
    leftMs,
  });
}

type Parts = {
  readonly client: ApiClient;
  readonly store: Store;
  readonly delivery: Delivery;
  readonly readiness: Readiness;
  readonly reporter: Reporter;
  readonly exporters: SelfExporters;
  /** How much of the time for shutting down is left. */
  readonly leftMs: () => number;
};

type Identity = Extract<ClusterIdentity, { readonly type: "known" }>;

/** Watches and delivers until asked to stop; then abort the watches, commit the last, send what the deadline allows. */
async function operate(options: DaemonOptions, parts: Parts): Promise<DaemonEnd> {
  const { configuration, clock, random, stop } = options;
  const { client, store, delivery, readiness, reporter } = parts;
  const { report } = reporter;
  const redact = createRedactor(createKeyedMark(store.redactionKey));
  const renewal = { store, redact, version: REDACTION_VERSION, clock, report, signal: stop };
  const damage = await failureOf(renewRedaction(renewal));
  if (damage !== undefined) return { type: "failed", error: damage };
  if (stop.aborted) return { type: "stopped" };
  const pipeline: Pipeline = new Pipeline({
    client,
    store,
    redact,
    clock,
    random,
    report,
    reportCluster: (reported) => {
      kinds.heard(reported);
      reporter.reportCluster(reported);
    },
    active: () => true,
    clusterName: configuration.clusterName,
    shard: configuration.shard,
    initial: configuration.initial,
    minimumSeverity: configuration.logSeverity,
    stuckAfterMs: configuration.stuckAfterMs,
    metricIntervalMs: configuration.metricIntervalMs,
    metricHeartbeatMs: configuration.metricHeartbeatMs,
    outboxMaxBytes: configuration.outboxMaxBytes,
    logs: delivery.logs,
    metrics: delivery.metrics,
    traces: delivery.traces,
    tracing: tracingOf(configuration),
  });
  const kinds = createKindFollower(options, parts, pipeline);
  observePipeline(parts.exporters.meter, { pipeline, kinds, store, clock, memory: options.memory });
  const running = new AbortController();
  const deadline = new AbortController();
  const broken = new AbortController();
  const work = failureOf(pipeline.run(running.signal, deadline.signal));
  void work.then(() => broken.abort());
  const ending = AbortSignal.any([stop, broken.signal]);
  const following = failureOf(kinds.run(ending));
  void following.then((failure) => failure && broken.abort());
  await whenAborted(ending);
  readiness.stopping();
  const finished = new AbortController();
  void clock.sleep(parts.leftMs(), finished.signal).then(() => deadline.abort());
  // What hangs in a stop (an exec plugin, say) must not take the time that the outbox needs.
  const stopped = following.then(() => pipeline.watches.stopAll("the process stops"));
  await Promise.race([stopped, whenAborted(deadline.signal)]);
  running.abort();
  const failure =
    (await work) ?? (await failureOf(pipeline.finish(deadline.signal))) ?? (await following);
  finished.abort();
  return failure === undefined ? { type: "stopped" } : { type: "failed", error: failure };
}

/** Connects what follows the kinds of the cluster to the pipeline that watches them. */
function createKindFollower(
  { configuration, clock, random }: DaemonOptions,
  { client, store, readiness, reporter }: Parts,
  pipeline: Pipeline,
): KindFollower {
  const { resources, namespaces, labelSelector, shard } = configuration;
  const remembered = store.knownWatches().flatMap(({ id, key, facts }) => {
    // The text is our own, written when the watch was opened.
    const planned = asPlanned({ key, facts: JSON.parse(facts) }, configuration);
    return planned === undefined || !store.hasObjects(id) ? [] : [planned];
  });
  const kinds: KindFollower = new KindFollower({
    client,
    resources,
    namespaces,
    labelSelector,
    shard,
    watches: pipeline.watches,
    remembered,
    chosen: (watches) => {
      readiness.watching(pipeline, watches, () => kinds.forbidden());
      pipeline.forgetUnless((watch) => wantedOf(watch, configuration));
    },
    unwritable: (error) => readiness.unwritable(error),
    clock,
    random,
    report: reporter.report,
    reportCluster: reporter.reportCluster,
  });
  return kinds;
}

/** What a piece of work ended with, as a value: a state file that cannot be read ends the process in order. */
async function failureOf(work: Promise<void>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return toError(thrown);
  }
}

async function identify(
  client: ApiClient,
  credentials: Credentials,
  {
    findServerStarting,
    report,
    stop,
  }: {
    readonly findServerStarting: FindServerStarting;
    readonly report: (report: PipelineReport) => void;
    readonly stop: AbortSignal;
  },
): Promise<Identity | undefined> {
  const starting = await findServerStarting(stop);
  const identity: ClusterIdentity =
    starting === undefined
      ? await identifyCluster(client, credentials, stop)
      : { type: "failed", error: starting };
  if (identity.type === "known") return identity;
  if (!stop.aborted) report({ type: "discovery-failed", error: identity.error });
  return undefined;
}

function openTelemetry(
  options: DaemonOptions,
  identity: Identity,
  {
    reporter,
    guard,
    transports,
  }: {
    readonly reporter: Reporter;
    readonly guard: RepetitionGuard;
    readonly transports: Transports;
  },
): SelfExporters {
  const { configuration, ownLog, clock } = options;
  const resource = selfResource(configuration, {
    instanceId: options.instanceId,
    clusterUid: identity.uid,
  });
  const exporters = options.createSelfExporters({
    transports,
    resource,
    ownLog,
    clock,
  });
  reporter.use(
    createTelemetry({
      ownLog: withRecords(ownLog, clock, exporters.emit),
      meter: exporters.meter,
      clock,
      guard,
    }),
  );
  return exporters;
}

/** Milliseconds until everything must be said, counted from the request to stop; one deadline for all that has something to send. */
function countDown(
  timeoutMs: number,
  { clock, stop }: Pick<DaemonOptions, "clock" | "stop">,
): () => number {
  let stopAtMs: number | undefined;
  stop.addEventListener("abort", () => (stopAtMs = clock.now()), { once: true });
  return () => Math.max(0, (stopAtMs ?? clock.now()) + timeoutMs - CLOSING_MS - clock.now());
}
