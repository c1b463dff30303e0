import { expect, test } from "vitest";
import { LIST_WATCH, OURS, startSubject, type Subject } from "./run-subject.ts";

/** Processes that start, on a machine that may be busy. */
const PATIENCE = { timeout: 60_000 };
const OPTIONS = { objects: 40, updates: 60, seed: 1 };

test.for([OURS, LIST_WATCH])(
  "$title tells exactly what there is and what happens, over a watch that ends after each event",
  PATIENCE,
  async (subject) => {
    await using run = await startSubject(subject, OPTIONS);
    const synced = await run.phase("synced");

    const { phase, wanted } = await run.played("one per watch");

    expect(synced.digest).toEqual(run.initial);
    expect(wanted.count).toBe(61);
    expect(phase.digest).toEqual(wanted);
  },
);

test("startSubject() says what an engine said that ended before its time", PATIENCE, async () => {
  const broken: Subject = { ...OURS, title: "an engine", program: "/no/such/program.ts" };
  await using run = await startSubject(broken, OPTIONS);

  await expect(run.phase("synced")).rejects.toThrow(
    /Cannot measure an engine until it has synced: it ended with code 1\n/,
  );
});
