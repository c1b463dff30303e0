import { afterEach, beforeEach, expect, test } from "vitest";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import type { PipelineReport } from "./report.ts";
import { Sender } from "./sender.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const REFUSED: SendResult = { type: "refused", error: new Error("bad") };
const TOO_LARGE: SendResult = { type: "too-large", error: new Error("413") };
const ABORTED: SendResult = { type: "aborted" };
const NEVER = new AbortController().signal;

let temporary: TemporaryStore;
let clock: FakeClock;
let reports: PipelineReport[];
let sent: string[];
let answer: (body: string, signal: AbortSignal) => SendResult | Promise<SendResult>;
let isActive: boolean;
let sender: Sender;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock();
  reports = [];
  sent = [];
  answer = () => ACCEPTED;
  isActive = true;
  sender = new Sender({
    store: temporary.store,
    signal: "logs",
    encoding: "otlp",
    transport: async (body, signal) => {
      const text = Buffer.from(body).toString();
      sent.push(text);
      return answer(text, signal);
    },
    clock,
    active: () => isActive,
    report: (report) => reports.push(report),
  });
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

/** Each text is one row, of as many records as it is long. */
function queue(...texts: readonly string[]): void {
  queueAs("otlp", ...texts);
}

function queueAs(encoding: string, ...texts: readonly string[]): void {
  const requests = texts.map((text) => {
    return {
      signal: "logs",
      encoding,
      records: text.length,
      positions: "{}",
      body: Buffer.from(text),
    };
  });
  temporary.store.commit({
    upserts: [],
    removals: [],
    positions: [],
    counterDeltas: [],
    requests,
    committedAtMs: 0,
  });
}

function waiting(): number {
  return temporary.store.outboxState().requests;
}

test("drain() sends rows in their order as one request, byte for byte, and forgets them", async () => {
  queue("a", "bb", "c");

  await sender.drain(NEVER);

  expect([sent, waiting()]).toEqual([["abbc"], 0]);
  expect(reports).toEqual([{ type: "exported", signal: "logs", items: 4, durationMs: 0 }]);
});

test("drain() puts at most 3 MiB into a request, and a larger row alone", async () => {
  const megabyte = 1024 * 1024;
  const rows = ["a".repeat(2 * megabyte), "b".repeat(megabyte), "c", "d".repeat(4 * megabyte), "e"];
  queue(...rows);

  await sender.drain(NEVER);

  expect(sent.map((body) => [...new Set(body)].join("") + body.length)).toEqual([
    `ab${3 * megabyte}`,
    "c1",
    `d${4 * megabyte}`,
    "e1",
  ]);
});

test("one request is under way at a time, and what comes meanwhile goes after it", async () => {
  const first = Promise.withResolvers<SendResult>();
  answer = (body) => (body === "a" ? first.promise : ACCEPTED);
  queue("a");
  const stop = new AbortController();
  const running = sender.run(stop.signal);
  await clock.advance(0);
  queue("b");
  sender.wake();
  await clock.advance(0);
  const during = [...sent];

  first.resolve(ACCEPTED);
  await clock.advance(0);

  expect([during, sent, waiting()]).toEqual([["a"], ["a", "b"], 0]);
  stop.abort();
  await running;
});

test("a row is in the outbox until the collector has answered", async () => {
  queue("a");
  let during = 0;
  answer = () => {
    during = waiting();
    return ACCEPTED;
  };

  await sender.drain(NEVER);

  expect([during, waiting()]).toEqual([1, 0]);
});

test("of rows that are refused only the bad one is lost, and that is said", async () => {
  queue("a", "b", "c", "!", "e", "f", "g");
  answer = (body) => (body.includes("!") ? REFUSED : ACCEPTED);

  await sender.drain(NEVER);

  expect(sent.filter((body) => !body.includes("!")).join("")).toBe("abcefg");
  expect(reports.filter(({ type }) => type === "export-refused")).toEqual([
    { type: "export-refused", signal: "logs", items: 1, error: new Error("bad") },
  ]);
  expect([sent.at(-1), waiting()]).toEqual(["efg", 0]);
});

test("what is too large is sent in halves; a row that is too large alone is lost, and that is said", async () => {
  queue("aa", "bb", "cc", "ddddddd", "ee");
  answer = (body) => (body.length > 4 ? TOO_LARGE : ACCEPTED);

  await sender.drain(NEVER);

  expect(sent).toEqual([
    "aabbccdddddddee",
    "aabb",
    "ccdddddddee",
    "cc",
    "dddddddee",
    "ddddddd",
    "ee",
  ]);
  expect(
    reports.flatMap((report) => (report.type === "export-refused" ? [report.items] : [])),
  ).toEqual([7]);
});

test("items that a collector rejects from a request that it takes are said", async () => {
  queue("abc");
  answer = () => ({ type: "accepted", rejected: 2, message: "too old" });

  await sender.drain(NEVER);

  expect(reports).toEqual([
    { type: "export-rejected", signal: "logs", items: 2, message: "too old" },
    { type: "exported", signal: "logs", items: 1, durationMs: 0 },
  ]);
  expect(waiting()).toBe(0);
});

test("an attempt that is aborted keeps its rows, which go out again byte for byte", async () => {
  queue("a", "b");
  const stop = new AbortController();
  answer = () => {
    stop.abort();
    return ABORTED;
  };
  await sender.drain(stop.signal);
  const kept = waiting();
  answer = () => ACCEPTED;

  await sender.drain(NEVER);

  expect([kept, sent, waiting()]).toEqual([2, ["ab", "ab"], 0]);
});

test("what comes back to be tried again is tried again, after a second", async () => {
  queue("a");
  const stop = new AbortController();
  answer = () => ({ type: "retryable", error: new Error("away") });
  const running = sender.run(stop.signal);
  await clock.advance(2500);
  const attempts = sent.length;

  answer = () => ACCEPTED;
  await clock.advance(500);

  expect([attempts, sent.length, waiting()]).toEqual([3, 4, 0]);
  stop.abort();
  await running;
});

test("run() lets what is under way go on until the deadline", async () => {
  const stop = new AbortController();
  const deadline = new AbortController();
  const first = Promise.withResolvers<SendResult>();
  let isAborted: boolean | undefined;
  answer = async (_body, signal) => {
    const result = await first.promise;
    isAborted = signal.aborted;
    return result;
  };
  queue("a");
  const running = sender.run(stop.signal, deadline.signal);
  await clock.advance(0);

  stop.abort();
  first.resolve(ACCEPTED);

  await running;
  expect([isAborted, waiting()]).toEqual([false, 0]);
});

test("rows of another encoding stay where they are", async () => {
  queueAs("console", "line");
  queue("a");

  await sender.drain(NEVER);

  expect([sent, waiting()]).toEqual([["a"], 1]);
});

test("nothing is sent while this instance is not the active one", async () => {
  queue("a");
  isActive = false;

  await sender.drain(NEVER);

  expect([sent, waiting()]).toEqual([[], 1]);
});

test("while acknowledgements cannot be written nothing is sent twice, nothing else is sent, and it is tried again", async () => {
  queue("a");
  const stop = new AbortController();
  answer = () => {
    temporary.breakWrites();
    answer = () => ACCEPTED;
    return ACCEPTED;
  };
  const running = sender.run(stop.signal);
  await clock.advance(2500);
  const during = [sent.length, waiting(), reports.map(({ type }) => type)];
  temporary.mendWrites();
  queue("b");

  await clock.advance(500);

  expect(during).toEqual([1, 1, ["export-failed", "export-failed", "export-failed"]]);
  expect([sent, waiting()]).toEqual([["a", "b"], 0]);
  stop.abort();
  await running;
});
