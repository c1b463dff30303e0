import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../store/open-database.ts";
import { Store } from "../../store/store.ts";
import { createCommandSurroundings } from "../../testing/command-surroundings.ts";
import { listenOnLoopback } from "../../testing/listen-on-loopback.ts";
import { startHealthServer } from "../health-server.ts";
import { runCheck } from "./check.ts";

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-state-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function openStore(directory: string): Store {
  const cluster = { address: "address", uid: "cluster-uid" };
  const opened = openDatabase({ directory, cluster, nowMs: 0, newKey: () => "key" });
  if (opened.type !== "opened") throw new Error(`Cannot open a store: ${opened.type}`);
  const store = new Store(opened.database);
  onTestFinished(() => store[Symbol.dispose]());
  return store;
}

/** A daemon as far as its health server goes; gives its address. */
async function serve(state: () => string | undefined): Promise<string> {
  const started = await startHealthServer(
    { type: "listen", host: "127.0.0.1", port: 0 },
    { unready: () => [], notes: () => [], state, deadLetters: () => undefined },
  );
  if (started.type !== "listening") throw new Error(started.type);
  onTestFinished(() => started.server[Symbol.asyncDispose]());
  return new URL(started.server.url).host;
}

async function checkState(env: Readonly<Record<string, string>>): Promise<string> {
  using surroundings = createCommandSurroundings({ LIFELINE_HTTP_ADDRESS: "127.0.0.1:1", ...env });
  const code = await runCheck(new Map([["--state", ""]]), surroundings);
  return `${code}: ${surroundings.out()}${surroundings.err()}`;
}

const FACTS = [
  "  ok    integrity  SQLite finds no damage",
  "  ok    format     1",
  "  ok    cluster    cluster-uid",
  "  ok    objects    0 of 0 watches",
  "  ok    outbox     0 requests, 0 records, 0 bytes",
  "  ok    refused    no dead letters",
];

test("check --state asks the daemon that has the file", async () => {
  const directory = createDirectory();
  const store = openStore(directory);
  const address = await serve(() => JSON.stringify(store.inspect()));

  const said = await checkState({
    LIFELINE_STATE_DIR: directory,
    LIFELINE_HTTP_ADDRESS: address,
  });

  expect(said).toContain(`0: ${directory}/lifeline.db, told by the daemon at http://${address}\n`);
  for (const fact of FACTS) expect(said).toContain(`${fact}\n`);
  expect(said).toMatch(/\nNothing is wrong\.\n$/);
});

test("check --state takes two names of one directory for the same", async () => {
  const directory = createDirectory();
  const link = join(createDirectory(), "link");
  symlinkSync(directory, link);
  const store = openStore(directory);
  const address = await serve(() => JSON.stringify(store.inspect()));

  const said = await checkState({ LIFELINE_STATE_DIR: link, LIFELINE_HTTP_ADDRESS: address });

  expect(said).toMatch(/^0: .*told by the daemon/);
});

test("check --state asks the daemon for its file when no directory is set", async () => {
  const store = openStore(createDirectory());
  const address = await serve(() => JSON.stringify(store.inspect()));

  const said = await checkState({ LIFELINE_HTTP_ADDRESS: address });

  expect(said).toMatch(/^0: .*told by the daemon/);
});

test("check --state opens the file when no daemon runs, or another one", async () => {
  const [directory, other] = [createDirectory(), createDirectory()];
  openStore(directory)[Symbol.dispose]();
  const store = openStore(other);
  const address = await serve(() => JSON.stringify(store.inspect()));

  const said = await Promise.all([
    checkState({ LIFELINE_STATE_DIR: directory }),
    checkState({ LIFELINE_STATE_DIR: directory, LIFELINE_HTTP_ADDRESS: "off" }),
    checkState({ LIFELINE_STATE_DIR: directory, LIFELINE_HTTP_ADDRESS: address }),
  ]);

  const opened = `0: ${directory}/lifeline.db, opened to read; `;
  expect(said).toEqual([
    expect.stringContaining(`${opened}no daemon listens at http://127.0.0.1:1\n`),
    expect.stringContaining(`${opened}no daemon was asked, as LIFELINE_HTTP_ADDRESS is off\n`),
    expect.stringContaining(
      `${opened}the daemon at http://${address} has another file: ${other}/lifeline.db\n`,
    ),
  ]);
  for (const one of said) for (const fact of FACTS) expect(one).toContain(`${fact}\n`);
});

test("check --state says that the file is locked when the daemon that has it can't be asked", async () => {
  const directory = createDirectory();
  openStore(directory);
  const address = await serve(() => undefined);
  const server = createServer((_, response) => response.end("{}"));
  onTestFinished(() => void server.close());
  const { host: stranger } = new URL(await listenOnLoopback(server));

  const said = await Promise.all(
    ["127.0.0.1:1", address, stranger].map((LIFELINE_HTTP_ADDRESS) =>
      checkState({ LIFELINE_STATE_DIR: directory, LIFELINE_HTTP_ADDRESS }),
    ),
  );

  for (const one of said) {
    expect(one).toMatch(/^1: .*\n {2}FAIL {2}locked: another process has it\n/);
    expect(one).toContain("set LIFELINE_HTTP_ADDRESS to that of the daemon");
  }
  expect(said[0]).toContain("no daemon listens at http://127.0.0.1:1");
  expect(said[1]).toContain("/state answered 503");
  expect(said[2]).toContain("answered no facts of a state");
});

test("check --state says what is wrong with a file that is missing, newer, or none", async () => {
  const [missing, newer, none] = [createDirectory(), createDirectory(), createDirectory()];
  openStore(newer)[Symbol.dispose]();
  const database = new DatabaseSync(join(newer, "lifeline.db"));
  database.exec("PRAGMA user_version=99");
  database.close();
  writeFileSync(join(none, "lifeline.db"), "no database, but longer than a header".repeat(99));

  const said = await Promise.all(
    [missing, newer, none].map((dir) => checkState({ LIFELINE_STATE_DIR: dir })),
  );

  expect(said).toEqual([
    expect.stringMatching(/^1: .*\n {2}FAIL {2}not there\n/),
    expect.stringMatching(/^1: .*\n {2}FAIL {2}format 99: a later version wrote it, .* up to 1\n/),
    expect.stringMatching(/^1: .*\n {2}FAIL {2}not readable\n.*not a database/),
  ]);
});

test("check --state fails, with what SQLite says, for damages that the daemon found", async () => {
  const store = openStore(createDirectory());
  const damages = ["row 2 missing from index objects_by_uid"];
  const address = await serve(() => JSON.stringify({ ...store.inspect(), damages }));

  const said = await checkState({ LIFELINE_HTTP_ADDRESS: address });

  expect(said).toMatch(/^1: /);
  expect(said).toContain(`  FAIL  integrity  SQLite finds damage\n          ${damages[0]}\n`);
});

test("check --state says that there is nothing to look at", async () => {
  const said = await checkState({});

  expect(said).toMatch(/^1: State file\n {2}FAIL {2}no file to look at/);
  expect(said).toContain("set LIFELINE_STATE_DIR");
});
