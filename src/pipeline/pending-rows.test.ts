import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { UnitOfWork } from "../store/rows.ts";
import { READ_ERROR } from "../testing/faulty-database.ts";
import { allObjects, objectRow, openTemporaryStore } from "../testing/temporary-store.ts";
import { PendingRows } from "./pending-rows.ts";

const OWNERS = ["", "uid-1", "uid-2", "somebody"] as const;
const ID = fc.integer({ min: 1, max: 4 });
const STEPS = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("put" as const),
        id: ID,
        owner: fc.constantFrom(...OWNERS),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("remove" as const), id: ID }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("commit" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const) }) },
  ),
  { minLength: 1, maxLength: 25 },
);

const NOTHING_ELSE: Omit<UnitOfWork, "upserts" | "removals"> = {
  positions: [],
  counterDeltas: [],
  requests: [],
  committedAtMs: 0,
};

test("children are those that a look at every row finds, whatever is pending, and after a restart", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      using temporary = openTemporaryStore();
      let rows = new PendingRows(temporary.store);
      let model = new Map<number, string>();
      for (const step of steps) {
        if (step.type === "put") {
          rows.put(objectRow(step.id, { owner: step.owner }));
          model.set(step.id, step.owner);
        } else if (step.type === "remove") {
          rows.remove(objectRow(step.id, { owner: model.get(step.id) ?? "" }));
          model.delete(step.id);
        } else if (step.type === "commit") {
          temporary.store.commit({ ...NOTHING_ELSE, ...rows.moves() });
          rows.clear();
        } else {
          rows = new PendingRows(temporary.reopen());
          model = new Map(allObjects(temporary.store).map(({ id, owner }) => [id, owner]));
        }

        const families = OWNERS.slice(1).map((uid) => rows.childrenOf(uid, 10).map(({ id }) => id));

        expect(families).toEqual(
          OWNERS.slice(1).map((uid) =>
            [...model]
              .flatMap(([id, owner]) => (owner === uid ? [id] : []))
              .toSorted((a, b) => a - b),
          ),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test("nobody is asked for children where nothing has an owner", () => {
  using temporary = openTemporaryStore();
  const rows = new PendingRows(temporary.store);
  rows.put(objectRow(1));
  temporary.store.commit({ ...NOTHING_ELSE, ...rows.moves() });
  rows.clear();
  temporary.break({ ...READ_ERROR, sql: /WHERE owner/ });

  const children = rows.childrenOf("uid-1", 10);

  expect(children).toEqual([]);
});

test("that the children cannot be read is thrown where something has an owner", () => {
  using temporary = openTemporaryStore();
  const rows = new PendingRows(temporary.store);
  rows.put(objectRow(2, { owner: "uid-1" }));
  temporary.store.commit({ ...NOTHING_ELSE, ...rows.moves() });
  rows.clear();
  temporary.break({ ...READ_ERROR, sql: /WHERE owner/ });

  expect(() => rows.childrenOf("uid-1", 10)).toThrow("disk I/O error");
});
