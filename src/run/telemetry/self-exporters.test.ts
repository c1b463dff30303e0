import { expect, onTestFinished, test } from "vitest";
import { createTransport } from "../../otlp/create-transport.ts";
import type { ExporterOptions, OtlpOptions } from "../../otlp/exporter-options.ts";
import type { OpenTransport } from "../../otlp/open-transport.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import {
  type OtlpReceiver,
  startOtlpReceiver,
} from "../../testing/otlp-receiver/start-otlp-receiver.ts";
import { systemClock } from "../../util/clock.ts";
import { whenAborted } from "../../util/when-aborted.ts";
import { VERSION } from "../../util/version.ts";
import { createOwnLog } from "../own-log.ts";
import { createSelfExporters, type SelfExporters } from "./self-exporters.ts";

const RESOURCE = { "service.name": "kube-lifeline", "service.instance.id": "i-1" };
const NONE = { type: "none" } as const;
const FAILED_AT_MS = Date.UTC(2026, 0, 2);

type Rig = {
  readonly exporters: SelfExporters;
  readonly lines: string[];
  readonly clock: FakeClock;
};

async function createRig(options: ExporterOptions): Promise<Rig> {
  const lines: string[] = [];
  const clock = createFakeClock();
  const ownLog = createOwnLog({ level: "debug", clock, write: (line) => lines.push(line) });
  return {
    exporters: createSelfExporters({
      transports: {
        logs: await openTransport(options.logs, "logs"),
        metrics: await openTransport(options.metrics, "metrics"),
      },
      resource: RESOURCE,
      ownLog,
      clock,
      metricIntervalMs: 3_600_000,
    }),
    lines,
    clock,
  };
}

async function openTransport(
  options: ExporterOptions["logs"],
  signalKind: "logs" | "metrics",
): Promise<OpenTransport | undefined> {
  if (options.type !== "otlp") return undefined;
  const transport = await createTransport(options, signalKind, systemClock);
  if (transport instanceof Error) throw transport;
  onTestFinished(() => transport.close());
  return transport;
}

function bothTo(
  otlp: Pick<OtlpOptions, "protocol" | "endpoint"> & Partial<OtlpOptions>,
): ExporterOptions {
  const common = {
    type: "otlp",
    headers: {},
    compression: "gzip",
    timeoutMs: 5_000,
    ...otlp,
  } as const;
  const path = (signal: string): string => (otlp.protocol === "grpc" ? "" : `/v1/${signal}`);
  return {
    logs: { ...common, endpoint: `${otlp.endpoint}${path("logs")}` },
    metrics: { ...common, endpoint: `${otlp.endpoint}${path("metrics")}` },
    traces: NONE,
  };
}

function endpointOf(receiver: OtlpReceiver, protocol: OtlpOptions["protocol"]): string {
  return protocol === "grpc" ? receiver.grpcUrl : receiver.httpUrl;
}

test.each(["grpc", "http/protobuf"] as const)(
  "self exporters send metrics and records over %s when they are shut down",
  async (protocol) => {
    await using receiver = await startOtlpReceiver();
    const { exporters, lines } = await createRig(
      bothTo({ protocol, endpoint: endpointOf(receiver, protocol) }),
    );

    exporters.meter
      .createCounter("lifeline.process.errors", { unit: "{error}" })
      .add(2, { stage: "otlp" });
    exporters.emit({
      timeMs: FAILED_AT_MS,
      level: "warn",
      message: "Cannot list pods",
      fields: { watch: "pods", names: ["a", "b"], none: undefined },
    });
    await exporters.shutdown(5_000);

    const scope = { name: "kube-lifeline.self", version: VERSION };
    expect(receiver.errors()).toEqual([]);
    expect(receiver.points()).toMatchObject([
      {
        resource: RESOURCE,
        scope,
        metric: "lifeline.process.errors",
        unit: "{error}",
        value: 2,
        temporality: "cumulative",
        attributes: { stage: "otlp" },
      },
    ]);
    expect(receiver.records()).toMatchObject([
      {
        resource: RESOURCE,
        scope,
        severityNumber: 13,
        severityText: "WARN",
        body: "Cannot list pods",
        timeUnixNano: BigInt(FAILED_AT_MS) * 1_000_000n,
        observedTimeUnixNano: BigInt(FAILED_AT_MS) * 1_000_000n,
        attributes: { watch: "pods", names: ["a", "b"] },
      },
    ]);
    expect(Object.keys(receiver.records()[0]?.attributes ?? {})).toEqual(["watch", "names"]);
    expect(lines).toEqual([]);
  },
);

test("self exporters send the configured headers over HTTP", async () => {
  await using receiver = await startOtlpReceiver();
  const { exporters } = await createRig(
    bothTo({
      protocol: "http/protobuf",
      endpoint: receiver.httpUrl,
      headers: { authorization: "Bearer x" },
    }),
  );

  exporters.emit({ timeMs: 0, level: "error", message: "m", fields: {} });
  await exporters.shutdown(5_000);

  expect(receiver.requests().map(({ headers }) => headers["authorization"])).toEqual(["Bearer x"]);
});

test("self exporters send nothing for signals that go to the console or nowhere", async () => {
  await using receiver = await startOtlpReceiver();
  const { logs } = bothTo({ protocol: "grpc", endpoint: receiver.grpcUrl });
  const { exporters, lines } = await createRig({
    logs: { type: "console" },
    metrics: NONE,
    traces: logs,
  });

  exporters.meter.createCounter("c").add(1);
  exporters.emit({ timeMs: 0, level: "error", message: "m", fields: {} });
  await exporters.shutdown(5_000);

  expect(receiver.requests()).toEqual([]);
  expect(lines).toEqual([]);
});

test("self exporters complain in one line, whatever fails how often", async () => {
  const receiver = await startOtlpReceiver();
  const { exporters, lines } = await createRig(
    bothTo({ protocol: "grpc", endpoint: receiver.grpcUrl }),
  );
  await receiver[Symbol.asyncDispose]();

  exporters.meter.createCounter("c").add(1);
  for (let record = 0; record < 2_000; record++)
    exporters.emit({ timeMs: 0, level: "error", message: "m", fields: {} });
  await exporters.shutdown(5_000);

  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /"level":"warn","message":"Cannot send the process's own metrics and logs: .*ECONNREFUSED/,
  );
});

test("self exporters give up a shutdown at its deadline when the collector does not answer", async () => {
  const collectorClock = createFakeClock();
  await using receiver = await startOtlpReceiver({ clock: collectorClock });
  receiver.answers.add({ type: "slow", delayMs: 60_000 });
  const { exporters, lines, clock } = await createRig(
    bothTo({ protocol: "http/protobuf", endpoint: receiver.httpUrl }),
  );
  exporters.emit({ timeMs: 0, level: "error", message: "m", fields: {} });

  const shutdown = exporters.shutdown(3_000);
  await collectorClock.untilPending(1);
  await clock.advance(3_000);
  await shutdown;

  expect(receiver.records()).toEqual([]);
  expect(lines).toEqual([expect.stringContaining("no answer within 3000 ms")]);
});

test("self exporters can be shut down with the system's clock without waiting for the deadline", async () => {
  const ownLog = createOwnLog({ level: "debug", clock: systemClock, write: () => undefined });
  const exporters = createSelfExporters({
    transports: { logs: undefined, metrics: undefined },
    resource: RESOURCE,
    ownLog,
    clock: systemClock,
  });

  const shutdown = exporters.shutdown(3_600_000);

  await expect(shutdown).resolves.toBeUndefined();
});

test("self exporters end a request that the collector never answers, though the transport has no limit", async () => {
  const underWay: AbortSignal[] = [];
  const clock = createFakeClock();
  const exporters = createSelfExporters({
    transports: {
      logs: undefined,
      metrics: {
        send: (_, signal) => {
          underWay.push(signal);
          return whenAborted(signal).then(() => ({ type: "aborted" }));
        },
      },
    },
    resource: RESOURCE,
    ownLog: createOwnLog({ level: "debug", clock, write: () => undefined }),
    clock,
    metricIntervalMs: 3_600_000,
  });
  exporters.meter.createCounter("c").add(1);
  const shutdown = exporters.shutdown(3_600_000);
  await clock.untilPending(2);

  await clock.advance(60_000);

  expect(underWay.map(({ aborted }) => aborted)).toEqual([true]);
  await shutdown;
});
