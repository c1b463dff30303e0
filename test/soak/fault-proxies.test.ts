import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";
import type { Fault, FaultProxy } from "./fault.ts";
import { startHttpFaultProxy } from "./http-fault-proxy.ts";
import { startTcpFaultProxy } from "./tcp-fault-proxy.ts";

const PROXIES = { http: startHttpFaultProxy, tcp: startTcpFaultProxy };
const KINDS = ["http", "tcp"] as const;

/** A receiver, what has arrived at it, and a proxy before it. */
async function open(
  kind: (typeof KINDS)[number],
): Promise<{ readonly arrived: readonly string[]; readonly proxy: FaultProxy }> {
  const arrived: string[] = [];
  const receiver = createServer((incoming, outgoing) => {
    void (async () => {
      arrived.push((await buffer(incoming)).toString());
      outgoing.end("taken");
    })();
  });
  const url = await listenOnLoopback(receiver);
  const proxy = await PROXIES[kind](url);
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    receiver.closeAllConnections();
    receiver.close();
  });
  return { arrived, proxy };
}

async function post({ endpoint }: FaultProxy, body = "body"): Promise<string> {
  try {
    const response = await fetch(`${endpoint}/v1/logs`, {
      method: "POST",
      body,
      headers: { connection: "close" },
    });
    const wish = response.headers.get("retry-after") ?? "";
    return `${response.status} ${await response.text()} ${wish}`.trim();
  } catch {
    return "broken";
  }
}

test.each(KINDS)("a %s proxy without a fault passes requests and answers on", async (kind) => {
  const { arrived, proxy } = await open(kind);

  const answer = await post(proxy);

  expect([answer, arrived]).toEqual(["200 taken", ["body"]]);
});

test.each(KINDS)("a %s proxy breaks connections before anything arrived", async (kind) => {
  const { arrived, proxy } = await open(kind);
  proxy.inflict({ type: "reset-before" });

  const answer = await post(proxy);

  expect([answer, arrived, proxy.met.has("reset-before")]).toEqual(["broken", [], true]);
});

test.each(KINDS)("a %s proxy loses the acknowledgement of what arrived", async (kind) => {
  const { arrived, proxy } = await open(kind);
  proxy.inflict({ type: "reset-after" });

  const answer = await post(proxy);

  expect([answer, arrived]).toEqual(["broken", ["body"]]);
});

test.each(KINDS)("a %s proxy passes slow requests on in the end", async (kind) => {
  const { arrived, proxy } = await open(kind);
  proxy.inflict({ type: "slow", delayMs: 1 });

  const answer = await post(proxy);

  expect([answer, arrived]).toEqual(["200 taken", ["body"]]);
});

test.each(KINDS)(
  "a %s proxy says when a request arrived and when it was taken, once",
  async (kind) => {
    const { arrived, proxy } = await open(kind);
    const moments: string[] = [];
    proxy.atNext("arrived", () => moments.push(`arrived before ${arrived.length}`));
    proxy.atNext("taken", () => moments.push(`taken after ${arrived.length}`));

    await post(proxy);
    await post(proxy);

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

  expect([answered, arrived]).toEqual([answer, []]);
});

test("an http proxy refuses what holds poison for good, and nothing else", async () => {
  await using proxy = await startHttpFaultProxy("http://127.0.0.1:1", "poison");

  const answers = [await post(proxy, "a poison in it"), await post(proxy, "none in it")];

  expect(answers).toEqual(["400 not this", "502"]);
});
