import {
  array,
  assert,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  type Arbitrary,
} from "fast-check";
import { expect, test } from "vitest";
import {
  type Collapsed,
  collapse,
  type Flood,
  floodDueAtMs,
  type GuardedEvent,
  guardUpdates,
  passTime,
  type Verdict,
} from "./flood-guard.ts";
import { readFlood, writeFlood } from "./flood-memory.ts";

const MINUTE = 60_000;
const WINDOW = 10 * MINUTE;
const START = Date.parse("2023-10-26T10:00:00Z");
const UPDATED = "lifeline.object.updated";
const STATUS = "lifeline.object.status_updated";

type Write = {
  readonly atMs: number;
  readonly managers?: readonly string[];
  readonly size?: number;
};

/** One write of a spec field, after time has done its part. */
function write(
  flood: Flood | undefined,
  { atMs, managers = ["a/Update"], size = 1 }: Write,
): Verdict {
  return guardUpdates(passTime(flood, atMs).flood, {
    updates: [
      { event: UPDATED, differences: [{ path: ["spec", "size"], before: size - 1, after: size }] },
    ],
    managers,
    nowMs: atMs,
  });
}

/** So many writes, one a second. */
function writes(
  count: number,
  from: { readonly flood?: Flood | undefined; readonly atMs?: number } = {},
): {
  readonly flood: Flood | undefined;
  readonly verdicts: readonly Verdict[];
} {
  const verdicts: Verdict[] = [];
  let { flood } = from;
  for (let index = 0; index < count; index++) {
    const verdict = write(flood, { atMs: (from.atMs ?? START) + index * 1_000, size: index + 1 });
    verdicts.push(verdict);
    ({ flood } = verdict);
  }
  return { flood, verdicts };
}

function countOf(collapsed: Collapsed | undefined): number | undefined {
  return collapsed?.held[UPDATED]?.count;
}

test("exactly 20 records in ten minutes are told, the next one is withheld and makes it hot", () => {
  const { verdicts, flood } = writes(21);

  expect(verdicts.slice(0, 20).every(({ told }) => told.length === 1)).toBe(true);
  expect(verdicts.filter(({ hot }) => hot !== undefined)).toHaveLength(1);
  expect(verdicts[20]).toMatchObject({ told: [], hot: { records: 21, withinMs: 20_000 } });
  expect(floodDueAtMs(flood)).toBe(START + 20_000 + WINDOW);
});

test("a record that is exactly ten minutes old counts no more, one a millisecond younger does", () => {
  const { flood } = writes(20);

  expect(write(flood, { atMs: START + WINDOW }).told).toEqual([UPDATED]);
  expect(write(flood, { atMs: START + WINDOW - 1 }).told).toEqual([]);
});

test("the window moves on with the records: as many as are ten minutes old may follow", () => {
  const { flood } = writes(20);

  const { verdicts } = writes(6, { flood, atMs: START + WINDOW + 4_000 });

  // At second 604 five of the first are old enough, and one more each second.
  expect(verdicts.every(({ told }) => told.length === 1)).toBe(true);
});

test("an object that changes once a minute is never hot", () => {
  let flood: Flood | undefined;
  for (let minute = 0; minute < 1_000; minute++) {
    const verdict = write(flood, { atMs: START + minute * MINUTE });
    expect(verdict.told).toEqual([UPDATED]);
    ({ flood } = verdict);
  }
});

test("what was told ten minutes ago is forgotten, and nothing is withheld: no memory, no deadline", () => {
  const { flood } = writes(1);

  expect(floodDueAtMs(flood)).toBeUndefined();
  expect(passTime(flood, START + WINDOW - 1).flood).toBe(flood);
  expect(passTime(flood, START + WINDOW)).toEqual({ flood: undefined });
});

test("while it withholds nothing comes out before ten minutes are over, and then all at once", () => {
  const { flood } = writes(60);

  expect(passTime(flood, START + 20_000 + WINDOW - 1)).toEqual({ flood });
  const { collapsed } = passTime(flood, START + 20_000 + WINDOW);
  expect(countOf(collapsed)).toBe(40);
  expect(collapsed?.held[UPDATED]?.net.entries).toEqual([
    { path: ["spec", "size"], values: { before: 20, after: 60 } },
  ]);
  expect(collapsed?.writers).toEqual([["a/Update", 40]]);
});

test.each([
  [20, "counting"],
  [21, "withholding"],
] as const)("after ten minutes with %i withheld records it is %s", (withheld, type) => {
  const { flood } = writes(20 + withheld);

  const passed = passTime(flood, START + 20_000 + WINDOW);

  expect(countOf(passed.collapsed)).toBe(withheld);
  expect(passed.flood?.type).toBe(type);
});

test("a flood that goes on is hot only once", () => {
  const first = writes(60);
  const passed = passTime(first.flood, START + 20_000 + WINDOW);

  const second = writes(30, { flood: passed.flood, atMs: START + 20_000 + WINDOW });

  expect(second.verdicts.some(({ hot, told }) => hot !== undefined || told.length > 0)).toBe(false);
  expect(countOf(passTime(second.flood, START + 20_000 + 2 * WINDOW).collapsed)).toBe(30);
});

test("ten minutes without any change end a flood without a record", () => {
  const { flood } = writes(60);
  const passed = passTime(flood, START + 20_000 + WINDOW);

  const quiet = passTime(passed.flood, START + 20_000 + 2 * WINDOW);

  expect(quiet).toEqual({ flood: undefined });
});

test("the collapsed record counts among the 20 that may be told next", () => {
  const { flood } = writes(25);
  const endMs = START + 20_000 + WINDOW;

  const { verdicts } = writes(20, { flood: passTime(flood, endMs).flood, atMs: endMs });

  expect(verdicts.filter(({ told }) => told.length === 1)).toHaveLength(19);
  expect(verdicts[19]?.hot).toBeDefined();
});

test("of a write that is one too many by one record, the first is told and the second withheld", () => {
  const { flood } = writes(19);

  const verdict = guardUpdates(flood, {
    updates: [
      { event: UPDATED, differences: [] },
      { event: STATUS, differences: [] },
    ],
    managers: [],
    nowMs: START + MINUTE,
  });

  expect(verdict.told).toEqual([UPDATED]);
  expect(verdict.hot?.records).toBe(21);
  expect(Object.keys(collapse(verdict.flood)?.held ?? {})).toEqual([STATUS]);
});

test("a write without a record that would be told changes nothing", () => {
  const { flood } = writes(3);

  expect(guardUpdates(flood, { updates: [], managers: ["b"], nowMs: START })).toEqual({
    flood,
    told: [],
  });
});

test("who takes turns is known when it gets hot, and not remembered of what changes now and then", () => {
  let flood: Flood | undefined;
  const verdicts: Verdict[] = [];
  for (let index = 0; index < 21; index++) {
    const manager = index % 2 === 0 ? "a/Update" : "b/Apply";
    verdicts.push(write(flood, { atMs: START + index, managers: [manager] }));
    flood = verdicts.at(-1)?.flood;
  }

  expect(verdicts[20]?.hot?.writers).toEqual([
    ["a/Update", 6],
    ["b/Apply", 5],
  ]);
  expect(verdicts.slice(0, 10).every((verdict) => verdict.flood?.writers.length === 0)).toBe(true);
});

test("at most 8 writers with names of 200 bytes are remembered", () => {
  let flood: Flood | undefined;
  for (let index = 0; index < 60; index++)
    ({ flood } = write(flood, { atMs: START + index, managers: [`${index}${"x".repeat(500)}`] }));

  expect(flood?.writers).toHaveLength(8);
  expect(JSON.stringify(flood).length).toBeLessThan(2_500);
});

test("a clock that was put back holds nothing for longer than ten minutes from then", () => {
  const { flood } = writes(21);
  const backMs = START - 24 * 60 * MINUTE;

  const passed = passTime(flood, backMs);

  expect(floodDueAtMs(passed.flood)).toBe(backMs + WINDOW);
  expect(countOf(passTime(passed.flood, backMs + WINDOW).collapsed)).toBe(1);
});

test("records told before the clock was put back count as told then, and no longer", () => {
  const { flood } = writes(20);
  const backMs = START - 24 * 60 * MINUTE;

  expect(write(flood, { atMs: backMs }).hot).toBeDefined();
  const once = writes(1).flood;
  expect(write(once, { atMs: backMs }).flood).toMatchObject({ toldAtMs: [backMs, backMs] });
});

test("hours without the program count: what was withheld comes out at the first look at the clock", () => {
  const { flood } = writes(60);

  const { collapsed } = passTime(
    readFlood(JSON.parse(JSON.stringify(writeFlood(flood, START))), START),
    START + 5 * 3_600_000,
  );

  expect(countOf(collapsed)).toBe(40);
});

type Told = { readonly atMs: number; readonly event: GuardedEvent; readonly stoodFor: number };

/** The whole life of a guard, its memory written and read at each step, woken as it asks to be. */
function live(
  steps: readonly { readonly waitMs: number; readonly events: readonly GuardedEvent[] }[],
): {
  readonly told: readonly Told[];
  readonly hotAtMs: readonly number[];
} {
  const told: Told[] = [];
  const hotAtMs: number[] = [];
  let flood: Flood | undefined;
  const pass = (atMs: number): void => {
    const json: unknown = JSON.parse(JSON.stringify(writeFlood(flood, START) ?? null));
    const passed = passTime(readFlood(json, START), atMs);
    for (const [event, held] of Object.entries(passed.collapsed?.held ?? {}))
      told.push({ atMs, event: event === UPDATED ? UPDATED : STATUS, stoodFor: held.count });
    ({ flood } = passed);
  };
  let nowMs = START;
  const wait = (untilMs: number): void => {
    for (
      let due = floodDueAtMs(flood);
      due !== undefined && due <= untilMs;
      due = floodDueAtMs(flood)
    )
      pass(due);
  };
  for (const { waitMs, events } of steps) {
    nowMs += waitMs;
    wait(nowMs);
    pass(nowMs);
    const updates = events.map((event) => ({ event, differences: [] }));
    const verdict = guardUpdates(flood, { updates, managers: [], nowMs });
    for (const event of verdict.told) told.push({ atMs: nowMs, event, stoodFor: 1 });
    if (verdict.hot !== undefined) hotAtMs.push(nowMs);
    ({ flood } = verdict);
  }
  wait(nowMs + 3 * WINDOW);
  expect(flood?.type).not.toBe("withholding");
  return { told, hotAtMs };
}

/** The rule said plainly, with the whole past at hand. */
function model(steps: Parameters<typeof live>[0]): readonly number[] {
  const told: number[] = [];
  let bittenAtMs: number | undefined;
  let withheld = 0;
  const hotAtMs: number[] = [];
  let nowMs = START;
  for (const { waitMs, events } of steps) {
    nowMs += waitMs;
    while (bittenAtMs !== undefined && nowMs >= bittenAtMs + WINDOW) {
      const endMs = bittenAtMs + WINDOW;
      if (withheld > 0) told.push(endMs);
      bittenAtMs = withheld > 20 ? endMs : undefined;
      withheld = 0;
    }
    for (let rest = events.length; rest > 0; rest--) {
      const recent = told.filter((atMs) => atMs > nowMs - WINDOW).length;
      if (bittenAtMs === undefined && recent < 20) told.push(nowMs);
      else {
        if (bittenAtMs === undefined) hotAtMs.push(nowMs);
        bittenAtMs ??= nowMs;
        withheld += 1;
      }
    }
  }
  return hotAtMs;
}

const waits = oneof(
  { weight: 8, arbitrary: integer({ min: 0, max: 40_000 }) },
  { weight: 1, arbitrary: integer({ min: 0, max: 15 * MINUTE }) },
  { weight: 1, arbitrary: constantFrom(WINDOW - 1, WINDOW, WINDOW + 1) },
);
const lives = (events: Arbitrary<readonly GuardedEvent[]>): Arbitrary<Parameters<typeof live>[0]> =>
  array(record({ waitMs: waits, events }), { minLength: 1, maxLength: 150, size: "max" });

test("whatever happens, no ten minutes have more than 20 records, and each change is in one of them", () => {
  const events = constantFrom<readonly GuardedEvent[]>([UPDATED], [STATUS], [UPDATED, STATUS], []);
  assert(
    property(lives(events), (steps) => {
      const { told } = live(steps);

      for (const { atMs } of told)
        expect(
          told.filter((one) => one.atMs >= atMs && one.atMs < atMs + WINDOW).length,
        ).toBeLessThanOrEqual(20);
      for (const event of [UPDATED, STATUS] as const) {
        const stoodFor = told
          .filter((one) => one.event === event)
          .reduce((sum, one) => sum + one.stoodFor, 0);
        expect(stoodFor).toBe(
          steps.flatMap((step) => step.events).filter((one) => one === event).length,
        );
      }
    }),
    { seed: 5 },
  );
});

test("it gets hot exactly when the rule, said plainly, says so", () => {
  const events = constantFrom<readonly GuardedEvent[]>([UPDATED], []);
  assert(
    property(lives(events), (steps) => {
      expect(live(steps).hotAtMs).toEqual(model(steps));
    }),
    { seed: 6 },
  );
});
