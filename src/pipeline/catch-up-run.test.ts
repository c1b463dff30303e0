import { expect, test } from "vitest";
import { createInterpret } from "../lifecycle/interpret.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { objectRow, openTemporaryStore } from "../testing/temporary-store.ts";
import type { ActiveWatch } from "./active-watch.ts";
import { CatchUp } from "./catch-up.ts";
import { Commit } from "./commit.ts";
import { OutboxRoom } from "./outbox-room.ts";

const report = (): void => undefined;

test("what a watch takes over after it has begun is told, though nothing says so", async () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  const clock = createFakeClock();
  const row = objectRow(1);
  const { kindId, uid } = row;
  const waiting = { kindId, uid, changes: 1, seenAtMs: 5, appearance: "created", gone: null };
  const nothing = { removals: [], positions: [], counterDeltas: [], requests: [] };
  const withheld = { moves: [{ ...waiting, reported: "" }], ends: [] };
  store.commit({ ...nothing, upserts: [row], withheld, committedAtMs: 0 });
  const logs = { encoding: "json", encode: (): Uint8Array => new Uint8Array(1) };
  const shared = { store, clock, report };
  const room = new OutboxRoom({
    ...shared,
    queues: [{ signal: "logs", encoding: "json" }],
    maxBytes: 1e6,
  });
  const commit = new Commit({ ...shared, logs, room, committed: report });
  let watch: ActiveWatch | undefined;
  const catchUp = new CatchUp({
    ...shared,
    commit,
    room,
    interpret: createInterpret({}),
    minimumSeverity: "INFO",
    watchOf: () => watch,
  });
  const stop = new AbortController();
  const done = catchUp.run(stop.signal);
  await clock.advance(1000);

  watch = createActiveWatch();
  await clock.advance(60_000);
  commit.flush();

  stop.abort();
  await done;
  expect(store.withheldCount).toBe(0);
  expect(store.outboxState().requests).toBe(1);
});
