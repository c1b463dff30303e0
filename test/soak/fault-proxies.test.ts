import { expect, onTestFinished, test } from "vitest";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import { createGrpcTransport } from "../../src/otlp/grpc-transport.ts";
import { createHttpTransport } from "../../src/otlp/http-transport.ts";
import { startOtlpReceiver } from "../../src/testing/otlp-receiver/start-otlp-receiver.ts";
import { systemClock } from "../../src/util/clock.ts";
import type { Fault, FaultProxy } from "./fault.ts";
import { startGrpcFaultProxy } from "./grpc-fault-proxy.ts";
import { startHttpFaultProxy } from "./http-fault-proxy.ts";

const KINDS = ["http", "grpc"] as const;
const REQUEST = encodeLogs(
  [
    {
      type: "log",
      eventName: "lifeline.object.created",
      severity: "INFO",
      timeMs: 0,
      observedTimeMs: 0,
      body: "a text",
      attributes: {},
    },
  ],
  { resource: {}, scope: { name: "test", version: "0" } },
);

type Opened = {
  readonly proxy: FaultProxy;
  /** How many records the receiver took. */
  readonly arrived: () => number;
  /** Sends logs through the proxy, once, and answers what the sender makes of it. */
  readonly send: () => Promise<string>;
};

/** A receiver, a proxy before it, and who sends. */
async function open(kind: (typeof KINDS)[number]): Promise<Opened> {
  const everything = new AsyncDisposableStack();
  onTestFinished(() => everything.disposeAsync());
  const receiver = everything.use(await startOtlpReceiver());
  const proxy = everything.use(
    kind === "http"
      ? await startHttpFaultProxy(receiver.httpUrl)
      : await startGrpcFaultProxy(receiver.grpcUrl),
  );
  const common = { signalKind: "logs", headers: {}, timeoutMs: 10_000, tls: {} } as const;
  const transport =
    kind === "http"
      ? createHttpTransport({
          ...common,
          endpoint: `${proxy.endpoint}/v1/logs`,
          compression: "gzip",
          clock: systemClock,
        })
      : createGrpcTransport({ ...common, endpoint: proxy.endpoint, compression: "gzip" });
  everything.defer(() => transport.close());
  const never = new AbortController().signal;
  return {
    proxy,
    arrived: () => receiver.records().length,
    send: async () => (await transport.send(REQUEST, never)).type,
  };
}

async function post({ endpoint }: FaultProxy, body = "body"): Promise<string> {
  const response = await fetch(`${endpoint}/v1/logs`, {
    method: "POST",
    body,
    headers: { connection: "close" },
  });
  const wish = response.headers.get("retry-after") ?? "";
  return `${response.status} ${await response.text()} ${wish}`.trim();
}

test.each(KINDS)("a %s proxy without a fault passes requests and answers on", async (kind) => {
  const { arrived, send } = await open(kind);

  const answer = await send();

  expect([answer, arrived()]).toEqual(["accepted", 1]);
});

test.each(KINDS)("a %s proxy breaks connections before anything arrived", async (kind) => {
  const { arrived, proxy, send } = await open(kind);
  proxy.inflict({ type: "reset-before" });

  const answer = await send();

  expect([answer, arrived(), proxy.met.get("reset-before")]).toEqual(["retryable", 0, 1]);
});

test.each(KINDS)("a %s proxy loses the acknowledgement of what arrived", async (kind) => {
  const { arrived, proxy, send } = await open(kind);
  proxy.inflict({ type: "reset-after" });

  const answer = await send();

  expect([answer, arrived()]).toEqual(["retryable", 1]);
});

test.each(KINDS)("a %s proxy passes slow requests on in the end", async (kind) => {
  const { arrived, proxy, send } = await open(kind);
  proxy.inflict({ type: "slow", delayMs: 1 });

  const answer = await send();

  expect([answer, arrived()]).toEqual(["accepted", 1]);
});

test.each(KINDS)(
  "a %s proxy says when a request arrived and when it was taken, once",
  async (kind) => {
    const { arrived, proxy, send } = await open(kind);
    const moments: string[] = [];
    proxy.atNext("arrived", () => moments.push(`arrived before ${arrived()}`));
    proxy.atNext("taken", () => moments.push(`taken after ${arrived()}`));

    await send();
    await send();

    expect(moments).toEqual(["arrived before 0", "taken after 1"]);
  },
);

test.each<{ readonly fault: Fault; readonly answer: string }>([
  { fault: { type: "refuse", status: 503 }, answer: "503 not now" },
  { fault: { type: "refuse", status: 429, retryAfter: "1" }, answer: "429 not now 1" },
])("an http proxy answers $answer in place of the receiver", async ({ fault, answer }) => {
  const { arrived, proxy } = await open("http");
  proxy.inflict(fault);

  const answered = await post(proxy);

  expect([answered, arrived()]).toEqual([answer, 0]);
});

test("an http proxy refuses what holds poison for good, and nothing else", async () => {
  await using proxy = await startHttpFaultProxy("http://127.0.0.1:1", "poison");

  const answers = [await post(proxy, "a poison in it"), await post(proxy, "none in it")];

  expect(answers).toEqual(["400 not this", "502"]);
});
