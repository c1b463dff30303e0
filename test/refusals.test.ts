import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { request } from "undici";
import { expect, onTestFinished } from "vitest";
import type { LogSignal } from "../src/lifecycle/signal.ts";
import { divideRequest } from "../src/otlp/divide-request.ts";
import { encodeLogs } from "../src/otlp/encode-logs.ts";
import { createGrpcTransport } from "../src/otlp/grpc-transport.ts";
import { createHttpTransport } from "../src/otlp/http-transport.ts";
import type { OpenTransport } from "../src/otlp/open-transport.ts";
import type { PipelineReport } from "../src/pipeline/report.ts";
import { Sender } from "../src/pipeline/sender.ts";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { openTemporaryStore, type TemporaryStore } from "../src/testing/temporary-store.ts";
import { systemClock } from "../src/util/clock.ts";
import { PATIENCE_MS } from "./testbed/patience.ts";
import { serverTest, startCollector } from "./testbed/real-servers.ts";

const MIB = 1024 * 1024;
const LIMITS = { grpcMib: 1, httpBytes: MIB };
const CONTEXT = {
  resource: { "service.name": "refusals" },
  scope: { name: "kube-lifeline", version: "0" },
};
const PROTOCOLS = ["grpc", "http/protobuf"] as const;

type Plan = { readonly name: string; readonly sizeBytes: number };

/** Two rows that together are too large, one that is so alone, and in it a record that is. */
const ROWS: readonly (readonly Plan[])[] = [
  numbered("first", 4, 200_000),
  numbered("second", 4, 200_000),
  [
    ...numbered("third", 4, 200_000),
    { name: "huge", sizeBytes: 1.5 * MIB },
    ...numbered("fourth", 6, 200_000),
  ],
  numbered("fifth", 3, 100),
];

function numbered(name: string, count: number, sizeBytes: number): readonly Plan[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}`, sizeBytes }));
}

function queue({ store }: TemporaryStore, rows: readonly (readonly Plan[])[]): void {
  const requests = rows.map((plans) => {
    const signals = plans.map(({ name, sizeBytes }, index): LogSignal => ({
      type: "log",
      eventName: "lifeline.object.updated",
      severity: "INFO",
      timeMs: 1_700_000_000_000 + index,
      observedTimeMs: 1_700_000_000_100 + index,
      body: "x".repeat(sizeBytes),
      attributes: { name },
    }));
    const body = encodeLogs(signals, CONTEXT);
    return { signal: "logs", encoding: "otlp", records: plans.length, positions: "{}", body };
  });
  const nothing = { upserts: [], removals: [], positions: [], counterDeltas: [] };
  store.commit({ ...nothing, requests, committedAtMs: 0 });
}

async function drain(
  { store }: TemporaryStore,
  transport: OpenTransport,
): Promise<readonly PipelineReport[]> {
  const reports: PipelineReport[] = [];
  const sender = new Sender({
    store,
    signal: "logs",
    encoding: "otlp",
    transport: transport.send,
    divide: divideRequest,
    clock: systemClock,
    random: Math.random,
    active: () => true,
    recovered: () => undefined,
    report: (report) => reports.push(report),
  });
  await sender.drain(AbortSignal.timeout(PATIENCE_MS));
  return reports;
}

function open(protocol: (typeof PROTOCOLS)[number], endpoint: string): OpenTransport {
  const common = { signalKind: "logs", headers: {}, timeoutMs: 10_000, tls: {} } as const;
  const transport =
    protocol === "grpc"
      ? createGrpcTransport({ ...common, endpoint, compression: "gzip" })
      : createHttpTransport({
          ...common,
          endpoint: `${endpoint}/v1/logs`,
          compression: "none",
          clock: systemClock,
        });
  onTestFinished(() => transport.close());
  return transport;
}

function namesOf(
  rows: readonly (readonly Plan[])[],
  isLeftOut: (name: string) => boolean,
): unknown {
  return rows
    .flat()
    .map(({ name }) => name)
    .filter((name) => !isLeftOut(name));
}

serverTest.for(PROTOCOLS)(
  "what a real collector finds too large arrives in parts, all but the record that is so alone, by %s",
  async (protocol) => {
    using temporary = openTemporaryStore();
    await using collector = await startCollector({ limits: LIMITS });
    queue(temporary, ROWS);
    const endpoint = protocol === "grpc" ? collector.grpcEndpoint : collector.httpEndpoint;

    await drain(temporary, open(protocol, endpoint));

    await collector.stop();
    expect(collector.received.logs().map(({ attributes }) => attributes["name"])).toEqual(
      namesOf(ROWS, (name) => name === "huge"),
    );
    const { outbox, deadLetters } = temporary.store.inspect();
    expect([outbox.requests, deadLetters.records]).toEqual([0, 1]);
  },
);

/** A gateway with an opinion of what may pass. */
async function refuseBad(
  incoming: IncomingMessage,
  response: ServerResponse,
  endpoint: string,
): Promise<void> {
  const body = await buffer(incoming);
  if (body.includes("bad-")) {
    response.writeHead(400).end("no bad things here");
    return;
  }
  const answer = await request(`${endpoint}${incoming.url}`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });
  response.writeHead(answer.statusCode).end(await buffer(answer.body));
}

serverTest(
  "records that something in between refuses are set aside, the others arrive",
  async () => {
    using temporary = openTemporaryStore();
    await using collector = await startCollector();
    const proxy = createServer((incoming, response) => {
      void refuseBad(incoming, response, collector.httpEndpoint);
    });
    onTestFinished(() => void proxy.close());
    const url = await listenOnLoopback(proxy);
    const rows = [
      numbered("first", 50, 10),
      [...numbered("second", 20, 10), ...numbered("bad", 2, 10), ...numbered("third", 20, 10)],
      numbered("bad", 1, 10),
      numbered("fourth", 30, 10),
    ];
    queue(temporary, rows);

    const reports = await drain(temporary, open("http/protobuf", url));

    await collector.stop();
    expect(collector.received.logs().map(({ attributes }) => attributes["name"])).toEqual(
      namesOf(rows, (name) => name.startsWith("bad")),
    );
    expect(temporary.store.inspect().deadLetters.records).toBe(3);
    expect(temporary.store.deadLetters()[0]?.reason).toContain("no bad things here");
    expect(reports.filter(({ type }) => type === "export-set-aside")).toHaveLength(3);
  },
);
