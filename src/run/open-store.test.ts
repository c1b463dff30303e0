import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PipelineReport } from "../pipeline/report.ts";
import { FILE_NAME } from "../store/open-database.ts";
import { Store } from "../store/store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
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
