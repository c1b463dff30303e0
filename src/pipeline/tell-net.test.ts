import { expect, test } from "vitest";
import type { Change } from "../history/change.ts";
import { netChange } from "../history/compare.ts";
import { encodeState, type ObjectState } from "../history/object-state.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import type { Memory } from "../lifecycle/memory.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import {
  appearance,
  changeBetween,
  database,
  DATABASE_KIND,
  NOW_MS,
} from "../testing/kube-change.ts";
import { tellNet } from "./tell-net.ts";

const WINDOW_MS = 600_000;
const STUCK_AFTER_MS = 300_000;

const interpret = createInterpret({ stuckAfterMs: STUCK_AFTER_MS });

type Life = { readonly state: ObjectState; readonly memory: Memory };

function sized(size: number, phase = "Ready"): ReturnType<typeof database> {
  const metadata = { resourceVersion: String(100 + size) };
  return database({ metadata, spec: { size }, status: { phase } });
}

/** An object whose size was changed so often, once a millisecond. */
function flooded(writes: number): Life {
  let before = sized(0);
  let { memory } = interpret(appearance(before, "first-look"), undefined);
  for (let size = 1; size <= writes; size += 1) {
    const after = sized(size);
    const observedAtMs = NOW_MS + size;
    ({ memory } = interpret(changeBetween(before, after, { observedAtMs }), memory));
    before = after;
  }
  return { state: encodeState(before, ""), memory };
}

function netOf(reported: Life, observedAtMs: number): Change {
  const after = encodeState(sized(99), "");
  return netChange({ facts: DATABASE_KIND, observedAtMs, before: reported.state, after });
}

function spell(records: readonly LogSignal[]): readonly string[] {
  return records.map(({ attributes }) =>
    [attributes["lifeline.action"], attributes["lifeline.collapsed"]]
      .filter((value) => value !== undefined)
      .join(" "),
  );
}

test("what changed after a flood that ended meanwhile is told, as is what the flood withheld", () => {
  const reported = flooded(60);
  const change = netOf(reported, NOW_MS + 2 * WINDOW_MS);

  const records = tellNet(interpret, { change, reported, present: reported.memory });

  expect(spell(records)).toEqual(["updated 40", "updated"]);
  expect(new Set(records.map(({ attributes }) => attributes["log.record.uid"])).size).toBe(2);
});

test("what a flood that goes on withholds is told at its end, by its row", () => {
  const reported = flooded(60);
  const change = netOf(reported, NOW_MS + 1000);

  const records = tellNet(interpret, { change, reported, present: reported.memory });

  expect(spell(records)).toEqual([]);
});

test("an object that appeared meanwhile and became stuck tells both", () => {
  const object = sized(0, "Provisioning");
  const appeared = appearance(object, "created");
  const { memory } = interpret(appeared, undefined);
  const observedAtMs = NOW_MS + STUCK_AFTER_MS;
  const elapsed: Change = { type: "elapsed", kind: DATABASE_KIND, observedAtMs, after: object };
  const { memory: present } = interpret(elapsed, memory);
  const change: Change = { ...appeared, observedAtMs };

  const records = tellNet(interpret, { change, reported: undefined, present });

  expect(present.unwell?.isTold).toBe(true);
  expect(spell(records)).toContain("stuck");
  expect(spell(records)).toContain("created");
});

test.each<{ readonly known: string; readonly told: readonly string[] }>([
  { known: "was well", told: ["status_updated", "phase_changed", "health_changed", "stuck"] },
  { known: "was told to be stuck", told: ["status_updated"] },
])("an object that $known, then changed and became stuck, tells that once", ({ known, told }) => {
  const wasStuck = known === "was told to be stuck";
  const object = sized(0, wasStuck ? "Provisioning" : "Ready");
  const appeared = appearance(object, "created");
  let { memory } = interpret(appeared, undefined);
  if (wasStuck) ({ memory } = elapse(object, memory, NOW_MS + STUCK_AFTER_MS));
  const reported = { state: encodeState(object, ""), memory };
  const base = sized(0, "Provisioning");
  const after = { ...base, status: { phase: "Provisioning", step: 2 } };
  const changedAtMs = NOW_MS + 2 * STUCK_AFTER_MS;
  const changed = changeBetween(object, after, { observedAtMs: changedAtMs });
  ({ memory } = interpret(changed, memory));
  const seenAtMs = changedAtMs + STUCK_AFTER_MS;
  const { memory: present } = elapse(after, memory, seenAtMs);

  const records = tellNet(interpret, {
    change: { ...changed, observedAtMs: seenAtMs },
    reported,
    present,
  });

  expect(present.unwell?.isTold).toBe(true);
  expect(spell(records)).toEqual(told);
});

function elapse(
  after: ReturnType<typeof database>,
  memory: Memory,
  observedAtMs: number,
): { readonly memory: Memory } {
  return interpret({ type: "elapsed", kind: DATABASE_KIND, observedAtMs, after }, memory);
}
