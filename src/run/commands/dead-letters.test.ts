import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { encodeLogs } from "../../otlp/encode-logs.ts";
import { openDatabase } from "../../store/open-database.ts";
import { Store } from "../../store/store.ts";
import { createCommandSurroundings } from "../../testing/command-surroundings.ts";
import { formatDeadLetterAnswer } from "../dead-letter-answer.ts";
import { startHealthServer } from "../health-server.ts";
import { runCheck } from "./check.ts";
import { runDeadLetters } from "./dead-letters.ts";

const REFUSED_AT_MS = Date.UTC(2026, 6, 1, 12, 0, 5);
const LINES =
  "2026-07-01T12:00:05Z  receiver answered 400 \\x1b[31m\n" +
  "  2026-07-01T12:00:00Z  WARN  lifeline.object.updated  Database prod/orders  changed \\x07 by hand\n";

const RECORD = encodeLogs(
  [
    {
      type: "log",
      eventName: "lifeline.object.updated",
      severity: "WARN",
      timeMs: Date.UTC(2026, 6, 1, 12),
      observedTimeMs: Date.UTC(2026, 6, 1, 12),
      body: "changed \u0007 by hand",
      namespace: "prod",
      attributes: { "k8s.object.kind": "Database", "k8s.object.name": "orders" },
    },
  ],
  { resource: {}, scope: { name: "k", version: "1" } },
);

/** A state file, in which one record was refused unless it is to be empty. */
function openStore({ isEmpty = false } = {}): {
  readonly directory: string;
  readonly store: Store;
} {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-dead-letters-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const cluster = { address: "address" };
  const opened = openDatabase({ directory, cluster, nowMs: 0, newKey: () => "key" });
  if (opened.type !== "opened") throw new Error(`Cannot open a store: ${opened.type}`);
  const store = new Store(opened.database);
  onTestFinished(() => store[Symbol.dispose]());
  if (!isEmpty)
    store.step({
      id: 1,
      rest: undefined,
      deadLetter: {
        signal: "logs",
        encoding: "otlp/protobuf",
        refusedAtMs: REFUSED_AT_MS,
        reason: "receiver answered 400 \u001B[31m",
        body: RECORD,
      },
    });
  return { directory, store };
}

/** A daemon as far as its health server goes; gives its address. */
async function serve(store: Store): Promise<string> {
  const started = await startHealthServer(
    { type: "listen", host: "127.0.0.1", port: 0 },
    {
      unready: () => [],
      notes: () => [],
      state: () => JSON.stringify(store.inspect()),
      deadLetters: () => formatDeadLetterAnswer(store.path, store.deadLetters()),
    },
  );
  if (started.type !== "listening") throw new Error(started.type);
  onTestFinished(() => started.server[Symbol.asyncDispose]());
  return new URL(started.server.url).host;
}

type Said = { readonly code: number; readonly out: string; readonly err: string };

async function run(
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<Said> {
  using surroundings = createCommandSurroundings({ LIFELINE_HTTP_ADDRESS: "127.0.0.1:1", ...env });
  const code = await runDeadLetters(new Map(options.map((name) => [name, ""])), surroundings);
  return { code, out: surroundings.out(), err: surroundings.err() };
}

test("dead-letters asks the daemon that has the file", async () => {
  const { directory, store } = openStore();
  const LIFELINE_HTTP_ADDRESS = await serve(store);

  const said = await Promise.all([
    run({ LIFELINE_STATE_DIR: directory, LIFELINE_HTTP_ADDRESS }),
    run({ LIFELINE_HTTP_ADDRESS }),
  ]);

  expect(said).toEqual([
    { code: 0, out: LINES, err: "" },
    { code: 0, out: LINES, err: "" },
  ]);
});

test("dead-letters opens the file when no daemon runs", async () => {
  const { directory, store } = openStore();
  store[Symbol.dispose]();

  const said = await run({ LIFELINE_STATE_DIR: directory });

  expect(said).toEqual({ code: 0, out: LINES, err: "" });
});

test("dead-letters --json prints an object per line, with the very request", async () => {
  const { directory, store } = openStore();
  store[Symbol.dispose]();

  const { out } = await run({ LIFELINE_STATE_DIR: directory }, ["--json"]);

  expect(JSON.parse(out)).toEqual({
    id: 1,
    refusedAt: "2026-07-01T12:00:05Z",
    reason: "receiver answered 400 \u001B[31m",
    signal: "logs",
    encoding: "otlp/protobuf",
    bytes: RECORD.length,
    records: [
      {
        time: "2026-07-01T12:00:00Z",
        severity: "WARN",
        eventName: "lifeline.object.updated",
        body: "changed \u0007 by hand",
        resource: { "k8s.namespace.name": "prod" },
        attributes: { "k8s.object.kind": "Database", "k8s.object.name": "orders" },
      },
    ],
    request: Buffer.from(RECORD).toString("base64"),
  });
});

test("dead-letters says that there are none", async () => {
  const { directory, store } = openStore({ isEmpty: true });
  store[Symbol.dispose]();

  const said = await run({ LIFELINE_STATE_DIR: directory });

  expect(said).toEqual({
    code: 0,
    out: "",
    err: "There are no dead letters: the collector refused nothing.\n",
  });
});

test("dead-letters says what would help where it can't look", async () => {
  const { directory } = openStore();

  const [held, nowhere] = await Promise.all([run({ LIFELINE_STATE_DIR: directory }), run({})]);

  expect([held.code, nowhere.code]).toEqual([1, 1]);
  expect(held.err).toContain("another process has");
  expect(held.err).toContain("set LIFELINE_HTTP_ADDRESS to that of the daemon");
  expect(nowhere.err).toContain("LIFELINE_STATE_DIR is not set");
});

test("check --state says how many there are", async () => {
  const { store } = openStore();
  using surroundings = createCommandSurroundings({ LIFELINE_HTTP_ADDRESS: await serve(store) });

  const code = await runCheck(new Map([["--state", ""]]), surroundings);

  expect(code).toBe(0);
  expect(surroundings.out()).toContain(
    `  note  refused    1 records are kept as dead letters, ${RECORD.length} bytes\n`,
  );
});
