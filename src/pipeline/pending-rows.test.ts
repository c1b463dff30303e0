import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ObjectRow, UnitOfWork } from "../store/rows.ts";
import { READ_ERROR } from "../testing/faulty-database.ts";
import { allObjects, objectRow, openTemporaryStore } from "../testing/temporary-store.ts";
import { PendingRows } from "./pending-rows.ts";

const OWNERS = ["", "uid-1", "uid-2", "somebody"] as const;
/** Two bear the name "even", two "odd". */
const IDS = [1, 2, 3, 4] as const;
const ID = fc.constantFrom(...IDS);
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

test("rows are found as by a look at every one, whatever is pending, and after a restart", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      using temporary = openTemporaryStore();
      let rows = new PendingRows(temporary.store);
      let model = new Map<number, ObjectRow>();
      const remove = (row: ObjectRow | undefined): void => {
        if (row === undefined) return;
        rows.remove(row);
        model.delete(row.id);
      };
      for (const step of steps) {
        if (step.type === "put") {
          // As intake does it: who has the name of another is another.
          const name = step.id % 2 === 0 ? "even" : "odd";
          const namesake = rows.findByName(1, "default", name);
          if (namesake?.id !== step.id) remove(namesake);
          const row = objectRow(step.id, { owner: step.owner, name });
          rows.put(row);
          model.set(step.id, row);
        } else if (step.type === "remove") {
          remove(model.get(step.id));
        } else if (step.type === "commit") {
          temporary.store.commit({ ...NOTHING_ELSE, ...rows.moves() });
          rows.clear();
        } else {
          rows = new PendingRows(temporary.reopen());
          model = new Map(allObjects(temporary.store).map((row) => [row.id, row]));
        }

        const all = [...model.values()].toSorted((a, b) => a.id - b.id);
        expect(OWNERS.slice(1).map((uid) => idsOf(rows.childrenOf(uid, 10)))).toEqual(
          OWNERS.slice(1).map((uid) => idsOf(all.filter(({ owner }) => owner === uid))),
        );
        const known = IDS.map((id) => model.get(id));
        expect(IDS.map((id) => rows.find(1, `uid-${id}`))).toEqual(known);
        expect(IDS.map((id) => rows.findOwner(`uid-${id}`))).toEqual(known);
      }

      expect(["even", "odd"].map((name) => rows.findByName(1, "default", name))).toEqual(
        ["even", "odd"].map((name) => [...model.values()].find((row) => row.name === name)),
      );
    }),
    { numRuns: 40 },
  );
});

function idsOf(rows: readonly { readonly id: number }[]): readonly number[] {
  return rows.map(({ id }) => id);
}

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
