import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { objectRow } from "../testing/temporary-store.ts";
import { FILE_NAME, openDatabase, type Opened } from "./open-database.ts";
import { Store } from "./store.ts";

const PAGE_BYTES = 4096;
const OBJECTS = 200;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lifeline-damaged-"));
  path = join(directory, FILE_NAME);
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function open(): Opened {
  return openDatabase({
    directory,
    cluster: { address: "test" },
    nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    newKey: () => "key",
  });
}

function openStore(): Store {
  const opened = open();
  if (opened.type !== "opened") throw new Error(`Cannot open: ${opened.type}`);
  return new Store(opened.database);
}

function put(store: Store, from: number, to: number): void {
  const upserts = Array.from({ length: to - from }, (_, index) =>
    objectRow(from + index, { spec: JSON.stringify({ text: "x".repeat(3000) }) }),
  );
  const nothing = { removals: [], positions: [], counterDeltas: [], requests: [] };
  const result = store.commit({ ...nothing, upserts, committedAtMs: 0 });
  if (result.type === "failed") throw result.error;
}

function writeFileAndClose(): void {
  using store = openStore();
  put(store, 1, 1 + OBJECTS);
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

test.each<{ readonly name: string; readonly damage: () => void }>([
  {
    name: "cut off in the middle",
    damage: () => truncateSync(path, 40 * PAGE_BYTES + 100),
  },
  {
    name: "with a zeroed page in the middle",
    damage: () => overwrite(path, 60 * PAGE_BYTES, Buffer.alloc(PAGE_BYTES)),
  },
  {
    name: "with garbage for a header",
    damage: () => overwrite(path, 0, Buffer.alloc(100, 0xa5)),
  },
  {
    name: "with garbage on its first page behind the header",
    damage: () => overwrite(path, 100, Buffer.alloc(500, 0xa5)),
  },
  {
    name: "of text",
    damage: () => {
      truncateSync(path);
      overwrite(path, 0, Buffer.from("this is no database, but longer than a header ".repeat(50)));
    },
  },
])("a file $name is set aside whole under a dated name, and a new one begun", ({ damage }) => {
  writeFileAndClose();
  damage();
  const { size } = statSync(path);

  const opened = open();

  if (opened.type !== "opened") throw new Error(`Cannot open: ${opened.type}`);
  using store = new Store(opened.database);
  const aside = `${path}.2026-01-02T03-04-05.000Z.corrupt`;
  expect(opened.setAside).toEqual({ path: aside, reason: expect.stringContaining("corrupt") });
  expect(statSync(aside).size).toBe(size);
  expect([store.countObjects(), store.inspect().damages]).toEqual([0, []]);
});

test("a file in which damage was found while it was used is set aside, though none is found at the start; its successor is not", () => {
  {
    using store = openStore();
    put(store, 1, 2);
    store.condemn("an index lies");
  }

  const opened = open();
  if (opened.type !== "opened") throw new Error(`Cannot open: ${opened.type}`);
  const { setAside } = opened;
  opened.database.close();

  const aside = `${path}.2026-01-02T03-04-05.000Z.corrupt`;
  expect(setAside).toEqual({
    path: aside,
    reason: "it is corrupt, which was found while it was used: an index lies",
  });
  const again = open();
  expect(again).toMatchObject({ type: "opened" });
  expect("setAside" in again).toBe(false);
  if (again.type === "opened") again.database.close();
});

test.each<{ readonly name: string; readonly cut: (size: number) => number }>([
  { name: "cut off within its last transaction", cut: (size) => size - 1000 },
  { name: "cut off in its header", cut: () => 20 },
])("of a killed process's WAL that is $name what was whole is there", ({ cut }) => {
  {
    using killed = openStore();
    put(killed, 1, 2);
    const early = statSync(`${path}-wal`).size;
    put(killed, 2, 3);
    copyFileSync(path, `${path}.copy`);
    copyFileSync(`${path}-wal`, `${path}.copy-wal`);
    expect(early).toBeGreaterThan(0);
  }
  copyFileSync(`${path}.copy`, path);
  copyFileSync(`${path}.copy-wal`, `${path}-wal`);
  truncateSync(`${path}-wal`, cut(statSync(`${path}-wal`).size));

  using store = openStore();

  expect(store.object(2)).toBe(undefined);
  expect(store.inspect().damages).toEqual([]);
  expect(readdirSync(directory).filter((name) => name.includes("corrupt"))).toEqual([]);
});

test("a byte that differs within a killed process's WAL ends what is taken of it", () => {
  {
    using killed = openStore();
    put(killed, 1, 2);
    const early = statSync(`${path}-wal`).size;
    put(killed, 2, 50);
    copyFileSync(path, `${path}.copy`);
    copyFileSync(`${path}-wal`, `${path}.copy-wal`);
    overwrite(`${path}.copy-wal`, early + 3000, Buffer.alloc(64, 0xa5));
  }
  copyFileSync(`${path}.copy`, path);
  copyFileSync(`${path}.copy-wal`, `${path}-wal`);

  using store = openStore();

  expect([store.object(1)?.uid, store.countObjects()]).toEqual(["uid-1", 1]);
  expect(store.inspect().damages).toEqual([]);
});
