import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogSignal } from "../lifecycle/signal.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { NOW_MS } from "../testing/kube-change.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { type ActiveWatch, giveSign } from "./active-watch.ts";
import { Blindness, isBlind, silenceOf } from "./blindness.ts";
import { Commit } from "./commit.ts";
import type { PipelineReport } from "./report.ts";

const MINUTE_MS = 60_000;
/** When a watch that is silent from the start on has been told. */
const TOLD_MS = 5 * MINUTE_MS + 10_000;

let temporary: TemporaryStore;
let clock: FakeClock;
let commit: Commit;
let watch: ActiveWatch;
let reports: PipelineReport[];
let stop: AbortController;
let done: Promise<void>;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock(NOW_MS);
  reports = [];
  commit = new Commit({
    store: temporary.store,
    clock,
    report,
    logs: { encoding: "json", encode: (signals) => Buffer.from(JSON.stringify(signals)) },
    committed: () => undefined,
  });
  watch = createActiveWatch({
    startedAtMs: NOW_MS,
    lastSignAtMs: NOW_MS,
    lookedAtMs: NOW_MS,
    reached: "7",
    state: "synced",
  });
  begin("DEBUG");
});

afterEach(async () => {
  stop.abort();
  await done;
  temporary[Symbol.dispose]();
});

function begin(minimumSeverity: "DEBUG" | "ERROR"): void {
  stop = new AbortController();
  done = new Blindness({ commit, watches, minimumSeverity, clock, report }).run(stop.signal);
}

function watches(): readonly ActiveWatch[] {
  return [watch];
}

function report(one: PipelineReport): void {
  reports.push(one);
}

/** The records since the last asking; after a commit. */
function told(): readonly LogSignal[] {
  const { store } = temporary;
  commit.flush();
  const rows = store.outboxBatch("logs", "json", 1e9);
  store.acknowledge(rows.map(({ id }) => id));
  return rows.flatMap(({ body }): LogSignal[] => JSON.parse(Buffer.from(body).toString()));
}

function toldReports(): readonly string[] {
  return reports.map(({ type }) => type).filter((type) => type.startsWith("watch-"));
}

test("five minutes without a sign of life are told once, with the last error", async () => {
  watch.lastError = "Cannot watch pods: API server answered 503";

  await clock.advance(5 * MINUTE_MS - 1);
  const early = told();
  await clock.advance(60 * MINUTE_MS);
  const late = told();

  expect(early).toEqual([]);
  expect(late).toMatchObject([
    {
      eventName: "lifeline.watch.stale",
      attributes: { "lifeline.watch.position": "7", "lifeline.watch.error": watch.lastError },
    },
  ]);
  expect(watch.state).toBe("failed");
  expect(toldReports()).toEqual(["watch-stale"]);
});

test("a watch that hears no more than a bookmark now and then is never stale", async () => {
  for (let minutes = 0; minutes < 30; minutes += 4) {
    await clock.advance(4 * MINUTE_MS);
    giveSign(watch, clock.now());
  }

  expect([told(), toldReports(), watch.state]).toEqual([[], [], "synced"]);
});

test("who wakes from a sleep hears first what came meanwhile", async () => {
  watch.lastSignAtMs = clock.now() - 60 * MINUTE_MS;
  await clock.advance(5000);
  giveSign(watch, clock.now());

  await clock.advance(MINUTE_MS);

  expect([told(), toldReports()]).toEqual([[], []]);
});

test("blind again is told again where a complete look, or any position, came in between", async () => {
  await clock.advance(TOLD_MS);
  giveSign(watch, clock.now());
  await clock.advance(TOLD_MS);
  const unmoved = told();
  giveSign(watch, clock.now());
  watch.reached = "8";
  await clock.advance(TOLD_MS);
  const moved = told();
  giveSign(watch, clock.now());
  watch.staleAt = undefined;
  await clock.advance(TOLD_MS);

  expect(unmoved).toHaveLength(1);
  expect(moved).toHaveLength(1);
  expect(told()).toHaveLength(1);
  expect(toldReports().filter((type) => type === "watch-stale")).toHaveLength(4);
  expect(toldReports().filter((type) => type === "watch-sees-again")).toHaveLength(3);
});

test("the look after it counts what differs from the last one; one that was awaited already counts on", async () => {
  watch.netChanges = { created: 3 };
  await clock.advance(TOLD_MS);
  const afterSynced = [watch.netChanges, watch.hadHistory, watch.missingSinceMs];
  giveSign(watch, clock.now());
  watch.state = "resumed";
  watch.netChanges = { created: 2 };

  await clock.advance(TOLD_MS);

  expect(afterSynced).toEqual([{}, true, NOW_MS]);
  expect(watch.netChanges).toEqual({ created: 2 });
});

test("a watch that never gave a sign of life is told five minutes after its start", async () => {
  watch = createActiveWatch({ startedAtMs: NOW_MS, lastError: "403" });

  await clock.advance(TOLD_MS);

  expect(told()).toMatchObject([{ attributes: { "lifeline.watch.error": "403" } }]);
  expect(watch.hadHistory).toBe(false);
});

test("while commits fail nothing is told but that; a watch that is blind still is told then", async () => {
  temporary.breakWrites();
  commit.position({ id: 1, name: "x" }, "1");
  commit.flush();
  await clock.advance(60 * MINUTE_MS);
  const during = toldReports();
  temporary.mendWrites();
  commit.flush();

  await clock.advance(10_000);

  expect(during).toEqual([]);
  expect(toldReports()).toEqual(["watch-stale"]);
});

test("records below the wanted severity are not sent, blindness is reported all the same", async () => {
  stop.abort();
  await done;
  begin("ERROR");

  await clock.advance(TOLD_MS);

  expect([told(), toldReports()]).toEqual([[], ["watch-stale"]]);
});

test.each([
  { name: "a sign of life lately", fields: { lastSignAtMs: NOW_MS - 1000 }, blind: false },
  { name: "none for five minutes", fields: { lastSignAtMs: NOW_MS - 300_000 }, blind: true },
  { name: "a start without history", fields: { startedAtMs: NOW_MS - 1000 }, blind: false },
  {
    name: "a start an hour after the last look",
    fields: { startedAtMs: NOW_MS, lookedAtMs: NOW_MS - 3_600_000 },
    blind: true,
  },
  {
    name: "a start a minute after the last look",
    fields: { startedAtMs: NOW_MS, lookedAtMs: NOW_MS - 60_000 },
    blind: false,
  },
])("isBlind() says $blind after $name", ({ fields, blind }) => {
  const one = createActiveWatch(fields);

  expect(isBlind(one, NOW_MS)).toBe(blind);
});

test("silenceOf() counts from the start until there is a sign of life", () => {
  const never = createActiveWatch({ startedAtMs: NOW_MS - 3000 });
  const once = createActiveWatch({ startedAtMs: NOW_MS - 3000, lastSignAtMs: NOW_MS - 1000 });

  expect([silenceOf(never, NOW_MS), silenceOf(once, NOW_MS)]).toEqual([3000, 1000]);
});
