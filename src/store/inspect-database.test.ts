import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { objectRow } from "../testing/temporary-store.ts";
import { inspectStateFile } from "./inspect-database.ts";
import { FILE_NAME, openDatabase } from "./open-database.ts";
import { Store } from "./store.ts";

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-inspect-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A state file with two objects of one watch and one request of three records. */
function openFilled(directory: string): Store {
  const cluster = { address: "address", uid: "uid" };
  const opened = openDatabase({ directory, cluster, nowMs: 0, newKey: () => "key" });
  if (opened.type !== "opened") throw new Error(`Cannot open a store: ${opened.type}`);
  const store = new Store(opened.database);
  onTestFinished(() => store[Symbol.dispose]());
  store.openWatch("pods", { group: "", resource: "pods" }, "{}");
  store.commit({
    committedAtMs: 5_000,
    upserts: [objectRow(1), objectRow(2)],
    removals: [],
    counterDeltas: [],
    requests: [
      { signal: "logs", encoding: "e", records: 3, positions: "{}", body: new Uint8Array(10) },
    ],
    positions: [],
  });
  return store;
}

const FACTS = {
  format: 1,
  damages: [],
  clusterUid: "uid",
  clusterAddress: "address",
  objects: 2,
  watches: 1,
  outbox: { requests: 1, records: 3, bytes: 10, oldestAtMs: 5_000 },
};

test("inspectStateFile() tells what is in a file that was closed, and leaves nothing beside it", () => {
  const directory = createDirectory();
  openFilled(directory)[Symbol.dispose]();
  const bytes = readFileSync(join(directory, FILE_NAME));

  const inspection = inspectStateFile(directory);

  expect(inspection).toMatchObject({ type: "inspected", facts: FACTS });
  expect(readdirSync(directory)).toEqual([FILE_NAME]);
  expect(readFileSync(join(directory, FILE_NAME)).equals(bytes)).toBe(true);
});

test("inspectStateFile() tells what a process that was killed left, without changing it", () => {
  const [running, killed] = [createDirectory(), createDirectory()];
  openFilled(running);
  cpSync(running, killed, { recursive: true });
  const before = readdirSync(killed);

  const inspection = inspectStateFile(killed);

  expect(inspection).toMatchObject({ type: "inspected", facts: FACTS });
  expect(readdirSync(killed)).toEqual(before);
  expect(before).toContain(`${FILE_NAME}-wal`);
});

test("inspectStateFile() says that another has the file, which loses nothing by it", () => {
  const directory = createDirectory();
  const store = openFilled(directory);

  const inspection = inspectStateFile(directory);

  expect(inspection).toEqual({ type: "in-use", path: join(directory, FILE_NAME) });
  expect(store.inspect()).toMatchObject(FACTS);
});

test("inspectStateFile() makes no file where there is none", () => {
  const directory = createDirectory();

  const inspection = inspectStateFile(directory);

  expect(inspection.type).toBe("missing");
  expect(readdirSync(directory)).toEqual([]);
});

test("inspectStateFile() knows the file of a later version", () => {
  const directory = createDirectory();
  openFilled(directory)[Symbol.dispose]();
  const database = new DatabaseSync(join(directory, FILE_NAME));
  database.exec("PRAGMA user_version=99");
  database.close();

  const inspection = inspectStateFile(directory);

  expect(inspection).toMatchObject({ type: "newer", format: 99, known: 1 });
});

test.each([
  ["no database", (): Buffer => Buffer.from("not a database, but longer than a header".repeat(99))],
  ["a half of one", (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2)],
])("inspectStateFile() tells %s", (_, damage) => {
  const directory = createDirectory();
  const path = join(directory, FILE_NAME);
  openFilled(directory)[Symbol.dispose]();
  writeFileSync(path, damage(readFileSync(path)));

  const inspection = inspectStateFile(directory);

  expect(inspection.type).toBe("unreadable");
});

test("inspectStateFile() tells the damages that SQLite finds in a file that it can open", () => {
  const directory = createDirectory();
  const path = join(directory, FILE_NAME);
  openFilled(directory)[Symbol.dispose]();
  const bytes = readFileSync(path);
  // The index entry of the object's UID: the index then has a row that the table has not.
  const at = bytes.lastIndexOf("uid-2");
  bytes.write("uid-9", at);
  writeFileSync(path, bytes);

  const inspection = inspectStateFile(directory);

  expect(inspection).toMatchObject({
    type: "inspected",
    facts: { damages: expect.arrayContaining([expect.stringContaining("objects_by_uid")]) },
  });
});
