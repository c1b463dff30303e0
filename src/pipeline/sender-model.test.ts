import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { LogSignal } from "../lifecycle/signal.ts";
import { divideRequest } from "../otlp/divide-request.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { type ReceivedRecord, readExportRequest } from "../testing/otlp-receiver/received.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Sender } from "./sender.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const AWAY: SendResult = { type: "retryable", error: new Error("503") };
const UNWELCOME: SendResult = { type: "unwelcome", error: new Error("404") };
const CONTEXT = { resource: { "service.name": "s" }, scope: { name: "k", version: "1" } };
const POISON = "poison";

/** What happens to one request; when all of these have happened, every request is judged by what is in it. */
const MOODS = [
  "judged",
  "away",
  "unwelcome",
  /** Taken, but the answer is lost. */
  "answer-lost",
  /** The process dies before the request arrives. */
  "crash-before",
  /** It dies when the collector has judged it, before that is written. */
  "crash-after",
  /** What the collector said can't be written at first. */
  "disk-full",
] as const;
type Mood = (typeof MOODS)[number];

const REPEATING: ReadonlySet<Mood> = new Set(["answer-lost", "crash-after"]);

type Case = {
  readonly rows: readonly (readonly RecordPlan[])[];
  readonly moods: readonly Mood[];
  readonly mostBytes: number;
};
type RecordPlan = { readonly isPoisoned: boolean; readonly size: number; readonly place: string };

const CASES: fc.Arbitrary<Case> = fc.record({
  rows: fc.array(
    fc.array(
      fc.record({
        isPoisoned: fc.nat(6).map((roll) => roll === 0),
        size: fc.oneof(fc.nat(50), fc.nat(800)),
        place: fc.constantFrom("a", "b"),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    { minLength: 1, maxLength: 10 },
  ),
  moods: fc.array(fc.constantFrom(...MOODS), { maxLength: 25 }),
  mostBytes: fc.oneof(fc.constant(1_000_000), fc.integer({ min: 400, max: 4_000 })),
});

/** The `index`-th record of all, which no other is like. */
function recordOf(plan: RecordPlan, index: number): LogSignal {
  return {
    type: "log",
    eventName: "lifeline.object.updated",
    severity: "INFO",
    timeMs: 1_700_000_000_000 + index,
    observedTimeMs: 1_700_000_000_500 + index,
    body: `${plan.isPoisoned ? POISON : "good"} ${index} ${"x".repeat(plan.size)}`,
    namespace: plan.place,
    attributes: {},
  };
}

function isPoisoned({ body }: ReceivedRecord): boolean {
  return typeof body === "string" && body.startsWith(POISON);
}

/** A collector, and the process that sends to it, dies and begins anew. */
class World {
  readonly delivered: ReceivedRecord[] = [];
  readonly #temporary: TemporaryStore;
  readonly #moods: Mood[];
  readonly #mostBytes: number;
  #process = new AbortController();

  constructor(temporary: TemporaryStore, { moods, mostBytes }: Case) {
    this.#temporary = temporary;
    this.#moods = [...moods];
    this.#mostBytes = mostBytes;
  }

  /** Until the outbox is empty, over as many lives as it takes. */
  async run(): Promise<void> {
    const clock = createFakeClock();
    while (this.#temporary.store.outboxState().requests > 0) {
      this.#process = new AbortController();
      const sender = new Sender({
        store: this.#temporary.store,
        signal: "logs",
        encoding: "otlp",
        transport: (body) => this.#take(body),
        divide: divideRequest,
        clock,
        random: () => 0.5,
        active: () => true,
        recovered: () => undefined,
        report: ({ type }) => {
          if (type === "export-failed") this.#temporary.mendWrites();
        },
      });
      const ended = new AbortController();
      const life = sender.drain(this.#process.signal).then(() => ended.abort());
      while (!ended.signal.aborted) await clock.advance(60_000);
      await life;
      this.#temporary.mendWrites();
    }
  }

  async #take(body: Uint8Array): Promise<SendResult> {
    const mood = this.#moods.shift() ?? "judged";
    switch (mood) {
      case "away":
        return AWAY;
      case "unwelcome":
        return UNWELCOME;
      case "crash-before":
        this.#process.abort();
        return { type: "aborted" };
      case "answer-lost": {
        const answer = this.#judge(body);
        return answer.type === "accepted" ? AWAY : answer;
      }
      case "crash-after":
        this.#temporary.breakWrites();
        this.#process.abort();
        return this.#judge(body);
      case "disk-full":
        this.#temporary.breakWrites();
        return this.#judge(body);
      case "judged":
        return this.#judge(body);
    }
  }

  #judge(body: Uint8Array): SendResult {
    if (body.length > this.#mostBytes) return { type: "too-large", error: new Error("413") };
    const { records } = readExportRequest("logs", body);
    if (records.some(isPoisoned)) return { type: "refused", error: new Error("400") };
    for (const record of records) this.delivered.push(record);
    return ACCEPTED;
  }
}

/** In the order in which they are to arrive; `bytes`: of a request that holds it alone. */
function fill(
  { store }: TemporaryStore,
  { rows }: Case,
): readonly { readonly record: ReceivedRecord; readonly bytes: number }[] {
  let index = 0;
  return rows.flatMap((plans) => {
    const body = encodeLogs(
      plans.map((plan) => recordOf(plan, index++)),
      CONTEXT,
    );
    const request = { signal: "logs", encoding: "otlp", records: plans.length, positions: "{}" };
    store.commit({
      upserts: [],
      removals: [],
      positions: [],
      counterDeltas: [],
      requests: [{ ...request, body }],
      committedAtMs: 0,
    });
    return readExportRequest("logs", body).records.map((record, position) => {
      const bytes = divideRequest(body)?.slice(position, position + 1).length ?? 0;
      return { record, bytes };
    });
  });
}

test("whatever a collector answers and whenever the process dies: what is good arrives in order as it was, what is bad is set aside once", async () => {
  await fc.assert(
    fc.asyncProperty(CASES, async (plan) => {
      using temporary = openTemporaryStore();
      const all = fill(temporary, plan);
      const isBad = ({ record, bytes }: (typeof all)[number]): boolean =>
        isPoisoned(record) || bytes > plan.mostBytes;
      const world = new World(temporary, plan);

      await world.run();

      const seen = new Map(world.delivered.map((record) => [record.body, record]));
      const firsts = [...new Set(world.delivered.map(({ body }) => body))];
      expect(firsts.map((body) => seen.get(body))).toEqual(
        all.filter((one) => !isBad(one)).map(({ record }) => record),
      );
      expect(
        temporary.store
          .deadLetters()
          .flatMap(({ body }) => readExportRequest("logs", body).records),
      ).toEqual(all.filter(isBad).map(({ record }) => record));
      const mayRepeat = plan.moods.some((mood) => REPEATING.has(mood));
      expect(mayRepeat || world.delivered.length === firsts.length).toBe(true);
    }),
    { numRuns: 60 },
  );
}, 60_000);
