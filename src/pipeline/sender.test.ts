import { afterEach, beforeEach, expect, test } from "vitest";
import type { DividedRequest } from "../otlp/divide-request.ts";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import type { PipelineReport } from "./report.ts";
import { Sender, type SenderOptions } from "./sender.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const REFUSED: SendResult = { type: "refused", error: new Error("bad") };
const TOO_LARGE: SendResult = { type: "too-large", error: new Error("413") };
const AWAY: SendResult = { type: "retryable", error: new Error("away") };
const UNWELCOME: SendResult = { type: "unwelcome", error: new Error("404") };
const ABORTED: SendResult = { type: "aborted" };
const NEVER = new AbortController().signal;

let temporary: TemporaryStore;
let clock: FakeClock;
let reports: PipelineReport[];
let sent: string[];
let answer: (body: string, signal: AbortSignal) => SendResult | Promise<SendResult>;
let isActive: boolean;
let recoveries: number;
let sender: Sender;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock();
  reports = [];
  sent = [];
  answer = () => ACCEPTED;
  isActive = true;
  recoveries = 0;
  sender = createSender();
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function createSender(
  options: Partial<Pick<SenderOptions, "divide" | "signal">> = { divide: divideText },
): Sender {
  return new Sender({
    store: temporary.store,
    signal: "logs",
    encoding: "otlp",
    transport: async (body, signal) => {
      const text = Buffer.from(body).toString();
      sent.push(text);
      return answer(text, signal);
    },
    ...options,
    clock,
    random: () => 0.5,
    active: () => isActive,
    recovered: () => (recoveries += 1),
    report: (report) => reports.push(report),
  });
}

/** Each text is one row, of as many records as it is long. */
function queue(...texts: readonly string[]): void {
  queueAs("otlp", ...texts);
}

function queueAs(encoding: string, ...texts: readonly string[]): void {
  queueOf("logs", encoding, texts);
}

function queueOf(signal: string, encoding: string, texts: readonly string[]): void {
  const requests = texts.map((text) => {
    return {
      signal,
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

function divideText(body: Uint8Array): DividedRequest {
  return { records: body.length, slice: (start, end) => body.subarray(start, end) };
}

function deadLetters(): readonly string[] {
  return temporary.store.deadLetters().map(({ body }) => Buffer.from(body).toString());
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

test("of rows that are refused only the bad record is set aside, and that is said", async () => {
  queue("a", "b", "cc!c", "e", "f", "g");
  answer = (body) => (body.includes("!") ? REFUSED : ACCEPTED);

  await sender.drain(NEVER);

  expect(sent.filter((body) => !body.includes("!")).join("")).toBe("abcccefg");
  expect(deadLetters()).toEqual(["!"]);
  expect(reports.filter(({ type }) => type === "export-set-aside")).toEqual([
    { type: "export-set-aside", signal: "logs", items: 1, error: new Error("bad"), forgotten: 0 },
  ]);
  expect([sent.at(-1), waiting()]).toEqual(["efg", 0]);
});

test("a dead letter tells what was refused, when and why", async () => {
  queue("!");
  answer = () => REFUSED;

  await sender.drain(NEVER);

  expect(temporary.store.deadLetters()).toEqual([
    {
      id: 1,
      signal: "logs",
      encoding: "otlp",
      refusedAtMs: clock.now(),
      reason: "bad",
      body: new Uint8Array(Buffer.from("!")),
    },
  ]);
});

test.each([64, 1000])("one bad record among %i takes few requests", async (count) => {
  const half = ".".repeat(count / 2);
  queue(`${half}!${half.slice(1)}`);
  answer = (body) => (body.includes("!") ? REFUSED : ACCEPTED);

  await sender.drain(NEVER);

  expect([deadLetters(), waiting()]).toEqual([["!"], 0]);
  expect(sent.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(count)) + 2);
});

test("what was accepted of refused rows leaves the others suspected: the last of 64 is found by halves", async () => {
  queue(...".".repeat(63).split(""), "!");
  answer = (body) => (body.includes("!") ? REFUSED : ACCEPTED);

  await sender.drain(NEVER);

  expect(sent.map(({ length }) => length)).toEqual([64, 32, 16, 8, 4, 2, 1, 1]);
  expect([deadLetters(), waiting()]).toEqual([["!"], 0]);
});

test("what is too large is sent in halves, of rows and then of a row's records; only a record that is too large alone is set aside", async () => {
  queue("aa", "bb", "cc", "ddddddd", "W", "ee");
  answer = (body) => (body.length > 4 || body.includes("W") ? TOO_LARGE : ACCEPTED);

  await sender.drain(NEVER);

  expect(sent.filter((body) => answer(body, NEVER) === ACCEPTED).join("")).toBe("aabbccdddddddee");
  expect([deadLetters(), waiting()]).toEqual([["W"], 0]);
});

test("a size that was found once is kept to, and tried again when it was taken long enough", async () => {
  answer = (body) => (body.length > 4 ? TOO_LARGE : ACCEPTED);
  queue("aaa", "bbb");
  await sender.drain(NEVER);
  const first = sent.length;
  queue("ccc", "ddd");
  await sender.drain(NEVER);
  const second = sent.slice(first);
  answer = () => ACCEPTED;
  for (let count = 0; count < 64; count += 1) {
    queue("e");
    await sender.drain(NEVER);
  }
  queue("fff", "ggg");

  await sender.drain(NEVER);

  expect([second, sent.at(-1)]).toEqual([["ccc", "ddd"], "fffggg"]);
});

test("what could not be divided is set aside as a whole", async () => {
  queue("not divisible");
  sender = createSender({ divide: () => undefined });
  answer = () => REFUSED;

  await sender.drain(NEVER);

  expect([sent, deadLetters()]).toEqual([["not divisible"], ["not divisible"]]);
});

test("where rows are no requests what is refused is lost, and that is said", async () => {
  queue("a", "b");
  sender = createSender({ divide: undefined });
  answer = (body) => (body.includes("a") ? REFUSED : ACCEPTED);

  await sender.drain(NEVER);

  expect([sent, deadLetters(), waiting()]).toEqual([["ab", "a", "b"], [], 0]);
  expect(reports.filter(({ type }) => type === "export-refused")).toEqual([
    { type: "export-refused", signal: "logs", items: 1, error: new Error("bad") },
  ]);
});

test("an endpoint that refuses everything empties no outbox: all is held, and goes when it is mended", async () => {
  queue("abcdefghijklmnopqrstuvwxyz");
  answer = () => REFUSED;
  const stop = new AbortController();
  const running = sender.run(stop.signal);
  await clock.advance(300_000);
  const during = [deadLetters().length, temporary.store.outboxState().records];
  answer = () => ACCEPTED;

  await clock.advance(90_000);

  expect(during).toEqual([10, 16]);
  expect(reports.filter(({ type }) => type === "export-unwelcome").length).toBeGreaterThan(1);
  expect([sent.at(-1), waiting(), recoveries]).toEqual(["klmnopqrstuvwxyz", 0, 1]);
  stop.abort();
  await running;
});

test("a record that alone is left to be refused goes after ten minutes, so that it holds nothing for ever", async () => {
  queue("!!!!!!!!!!!abc");
  answer = (body) => (body.includes("!") ? REFUSED : ACCEPTED);
  const stop = new AbortController();
  const running = sender.run(stop.signal);

  await clock.advance(700_000);

  expect([deadLetters().length, waiting()]).toEqual([11, 0]);
  stop.abort();
  await running;
});

test("where nobody takes what is sent, whatever it is, nothing is set aside, and it is tried ever more rarely", async () => {
  queue("a", "b", "c");
  answer = () => UNWELCOME;
  const stop = new AbortController();
  const running = sender.run(stop.signal);
  await clock.advance(3_600_000);
  const during = [deadLetters(), waiting(), sent.length] as const;
  answer = () => ACCEPTED;

  await clock.advance(60_000);

  expect(during.slice(0, 2)).toEqual([[], 3]);
  expect(during[2]).toBeLessThan(70);
  expect([sent.slice(-2), waiting()]).toEqual([["a", "bc"], 0]);
  stop.abort();
  await running;
});

test("items that a collector rejects from a request that it takes are said", async () => {
  queue("abc");
  answer = () => ({ type: "accepted", rejected: 2, message: "too old" });

  await sender.drain(NEVER);

  expect(reports).toEqual([
    { type: "export-rejected", signal: "logs", items: 2, of: 3, message: "too old" },
    { type: "exported", signal: "logs", items: 1, durationMs: 0 },
  ]);
  expect(waiting()).toBe(0);
});

test("a collector that rejects more than it was sent took nothing, not less than that", async () => {
  queue("abc");
  answer = () => ({ type: "accepted", rejected: 5, message: "all of it" });

  await sender.drain(NEVER);

  expect(reports.at(-1)).toEqual({ type: "exported", signal: "logs", items: 0, durationMs: 0 });
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

test("an endpoint that is down is probed with the oldest row alone, ever more rarely, and gets all within 15 s once it is back", async () => {
  const rows = "abcdefghijklmnopqrstuvwxyz".split("");
  queue(...rows);
  const stop = new AbortController();
  answer = () => AWAY;
  const running = sender.run(stop.signal);
  await clock.advance(600_000);
  const probes = sent.slice(1);
  answer = () => ACCEPTED;

  await clock.advance(15_000);

  expect(new Set(probes)).toEqual(new Set(["a"]));
  expect(probes.length).toBeLessThan(70);
  expect(sent.slice(1 + probes.length)).toEqual(["a", "bcde", "fghijklmnopqrstu", "vwxyz"]);
  expect([waiting(), recoveries]).toEqual([0, 1]);
  expect(reports.filter(({ type }) => type === "export-recovered")).toHaveLength(1);
  stop.abort();
  await running;
});

test("the collector's wish when to come again is kept", async () => {
  queue("a");
  const stop = new AbortController();
  answer = () => ({ ...AWAY, afterMs: 20_000 });
  const running = sender.run(stop.signal);
  await clock.advance(19_999);
  const before = sent.length;

  await clock.advance(1);

  expect([before, sent.length]).toEqual([1, 2]);
  stop.abort();
  await running;
});

test("in the middle of a row that is divided an outage repeats nothing of what was taken", async () => {
  queue("ab!d");
  let calls = 0;
  answer = (body) => {
    calls += 1;
    if (calls === 3) return AWAY;
    return body.includes("!") ? REFUSED : ACCEPTED;
  };
  const stop = new AbortController();
  const running = sender.run(stop.signal);

  await clock.advance(60_000);

  expect(sent).toEqual(["ab!d", "ab", "!", "!d", "!", "d"]);
  expect([deadLetters(), waiting()]).toEqual([["!"], 0]);
  stop.abort();
  await running;
});

test("run() waits for no probe once it is to end, so that drain() has the time until the deadline", async () => {
  answer = () => UNWELCOME;
  queue("a");
  const stop = new AbortController();
  const running = sender.run(stop.signal, NEVER);
  await clock.advance(0);
  stop.abort();

  await running;

  answer = () => ACCEPTED;
  await sender.drain(NEVER);
  expect([sent, waiting()]).toEqual([["a", "a"], 0]);
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

test("finish() tries once more where all is refused, and again until the deadline where nobody answers", async () => {
  const deadline = new AbortController();
  queue("a");
  answer = () => UNWELCOME;
  await sender.finish(NEVER);
  const tried = [...sent];

  answer = () => AWAY;
  const finished = sender.finish(deadline.signal);
  await clock.advance(1_000);
  answer = () => ACCEPTED;
  await clock.advance(10_000);

  await finished;
  expect([tried, sent.slice(1).length > 1, waiting()]).toEqual([["a"], true, 0]);
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

test("of two signals each has a sender that sends, isolates and reports its own", async () => {
  queue("log");
  queueOf("traces", "otlp", ["abc"]);
  answer = (body) => (body.includes("b") ? REFUSED : ACCEPTED);
  const traces = createSender({ signal: "traces", divide: divideText });
  await sender.drain(NEVER);
  reports.length = 0;

  await traces.drain(NEVER);

  expect(sent.filter((text) => text === "log")).toEqual(["log"]);
  expect(reports).toEqual([
    { type: "exported", signal: "traces", items: 1, durationMs: 0 },
    expect.objectContaining({ type: "export-set-aside", signal: "traces", items: 1 }),
    { type: "exported", signal: "traces", items: 1, durationMs: 0 },
  ]);
  expect(temporary.store.deadLetters()).toMatchObject([{ signal: "traces", reason: "bad" }]);
});
