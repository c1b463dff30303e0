import { expect, test } from "vitest";
import { RepetitionGuard } from "./repetition-guard.ts";
import type { Repetition } from "./wording.ts";

const MINUTE_MS = 60_000;
const SAY = { type: "say", repeats: 0 };
const HOLD = { type: "hold" };

function failing(state = "failed", subject = "export"): Repetition {
  return { type: "limited", subject, state };
}

const RECOVERED: Repetition = { type: "recovered", subject: "export" };

test("RepetitionGuard says the first, holds the same, and says it again with a count after five minutes", () => {
  const guard = new RepetitionGuard();

  const decisions = [0, 1, 2, 5 * MINUTE_MS - 1, 5 * MINUTE_MS, 5 * MINUTE_MS + 1].map((nowMs) =>
    guard.decide(failing(), nowMs),
  );

  expect(decisions).toEqual([SAY, HOLD, HOLD, HOLD, { type: "say", repeats: 3 }, HOLD]);
});

test("RepetitionGuard says a new state of the same subject at once", () => {
  const guard = new RepetitionGuard();

  const decisions = ["503", "503", "refused", "503"].map((state) =>
    guard.decide(failing(state), 0),
  );

  expect(decisions).toEqual([SAY, HOLD, { type: "say", repeats: 1 }, SAY]);
});

test("RepetitionGuard keeps subjects apart", () => {
  const guard = new RepetitionGuard();

  const decisions = ["a", "b", "a"].map((subject) => guard.decide(failing("failed", subject), 0));

  expect(decisions).toEqual([SAY, SAY, HOLD]);
});

test("RepetitionGuard says a recovery only if something had failed, and then only once", () => {
  const guard = new RepetitionGuard();

  const decisions = [
    guard.decide(RECOVERED, 0),
    guard.decide(failing(), 1),
    guard.decide(RECOVERED, 2),
    guard.decide(RECOVERED, 3),
    guard.decide(failing(), 4),
  ];

  expect(decisions).toEqual([HOLD, SAY, SAY, HOLD, SAY]);
});

test("RepetitionGuard does not say a recovery again after the window when nothing failed since", () => {
  const guard = new RepetitionGuard();
  guard.decide(failing(), 0);
  guard.decide(RECOVERED, 1);

  const decision = guard.decide(RECOVERED, 10 * MINUTE_MS);

  expect(decision).toEqual(HOLD);
});

test("RepetitionGuard says what is said once never again, until the state changes", () => {
  const guard = new RepetitionGuard();
  const forbidden: Repetition = { type: "once", subject: "export", state: "forbidden" };

  const decisions = [forbidden, forbidden, RECOVERED, forbidden].map((repetition, index) =>
    guard.decide(repetition, index * 6 * MINUTE_MS),
  );

  expect(decisions).toEqual([SAY, HOLD, { type: "say", repeats: 1 }, SAY]);
});

test("RepetitionGuard bounds what flaps, and ends the silence with the state as it is then", () => {
  const guard = new RepetitionGuard();

  const within = Array.from({ length: 100 }, (_, index) =>
    guard.decide(index % 2 === 0 ? failing() : RECOVERED, index),
  );
  const after = guard.decide(failing(), 6 * MINUTE_MS);

  expect(within.filter(({ type }) => type === "say")).toHaveLength(10);
  expect(after).toEqual({ type: "say", repeats: 45 });
});

test("RepetitionGuard forgets the oldest of very many subjects", () => {
  const guard = new RepetitionGuard();

  for (let subject = 0; subject <= 2_000; subject++)
    guard.decide(failing("failed", `${subject}`), 0);
  const decisions = ["2000", "1", "0"].map((subject) =>
    guard.decide(failing("failed", subject), 1),
  );

  expect(decisions).toEqual([HOLD, HOLD, SAY]);
});
