import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PipelineReport } from "../pipeline/report.ts";
import { FILE_NAME } from "../store/open-database.ts";
import { Store } from "../store/store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createFaultyStatement, type Fault, fail, READ_ERROR } from "../testing/faulty-database.ts";
import { openStore } from "./open-store.ts";
import { createOwnLog } from "./own-log.ts";
import { Readiness } from "./readiness.ts";

const IDENTITY = { type: "known", uid: "cluster-1", addressHash: "address" } as const;

let parent: string;
let cleanup: AsyncDisposableStack;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "lifeline-open-"));
  cleanup = new AsyncDisposableStack();
});

afterEach(async () => {
  await cleanup.disposeAsync();
  rmSync(parent, { recursive: true, force: true });
  vi.restoreAllMocks();
});

function begin(stateDirectory: string | undefined, stop = new AbortController()) {
  const clock = createFakeClock();
  const said: string[] = [];
  const reports: PipelineReport[] = [];
  const readiness = new Readiness(clock);
  const opening = openStore(
    {
      configuration: { stateDirectory },
      clock,
      ownLog: createOwnLog({ level: "info", clock, write: (line) => void said.push(line) }),
      temporaryDirectory: parent,
      random: () => 0,
      readiness,
      report: (report) => void reports.push(report),
      stop: stop.signal,
    },
    IDENTITY,
    cleanup,
  );
  return { opening, clock, said, reports, readiness, stop };
}

test("without a state directory a private one is made, and goes at the end", async () => {
  const { opening } = begin(undefined);

  const store = await opening;

  expect(store).toBeInstanceOf(Store);
});

test("a file that is not trusted is set aside and said, with where it was kept", async () => {
  writeFileSync(join(parent, FILE_NAME), "no database ".repeat(100));

  const { opening, said } = begin(parent);
  const store = await opening;

  expect(store).toBeInstanceOf(Store);
  expect(said.join("")).toMatch(
    /Began a new state file: .*it is corrupt: .*it was kept as .*lifeline\.db\.\d{4}-.*\.corrupt/,
  );
});

test.each([
  ["the file cannot be opened", /^SELECT/],
  ["what it holds cannot be counted", /FROM withheld/],
])(
  "a disk that fails at the start so that %s is waited for, with what the file has",
  async (_what, sql) => {
    await begin(parent).opening;
    await cleanup.disposeAsync();
    cleanup = new AsyncDisposableStack();
    let fault: Fault | undefined = { sql, ...READ_ERROR };
    breakDatabases(() => fault);

    const { opening, clock, readiness, reports, said } = begin(parent);
    await clock.advance(60_000);
    const before = { unready: readiness.unready(), reports: reports.map(({ type }) => type) };
    fault = undefined;
    await clock.advance(120_000);

    expect(before.unready).toEqual([
      "The state file cannot be written: disk I/O error; what happens meanwhile is told once it can",
    ]);
    expect(new Set(before.reports)).toEqual(new Set(["commit-failed"]));
    expect(await opening).toBeInstanceOf(Store);
    // Nothing was set aside.
    expect(said).toEqual([]);
  },
);

/** Those that are opened from now on. */
function breakDatabases(fault: () => Fault | undefined): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its database below
  const { prepare } = DatabaseSync.prototype;
  vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function faulty(
    this: DatabaseSync,
    sql: string,
  ) {
    return createFaultyStatement(Reflect.apply(prepare, this, [sql]), () => fail(sql, fault()));
  });
}

test.each<{ readonly name: string; readonly prepare: () => string }>([
  {
    name: "a file stands where the directory should be",
    prepare: () => {
      writeFileSync(join(parent, "file"), "");
      return join(parent, "file");
    },
  },
  {
    name: "a directory stands where the file should be",
    prepare: () => {
      mkdirSync(join(parent, FILE_NAME));
      return parent;
    },
  },
])("an error says what would help where $name", async ({ prepare }) => {
  const { opening, reports } = begin(prepare());

  const error = await opening;

  expect(error).toBeInstanceOf(Error);
  expect(error instanceof Error && error.message).toMatch(
    /Cannot open the state file ".*": .*; LIFELINE_STATE_DIR must be a directory that this user may write/,
  );
  expect(reports).toEqual([]);
});
