import { afterEach, beforeEach, expect, test } from "vitest";
import type { KindFacts, KubeObject, ObjectMeta } from "../cluster/kube-object.ts";
import { encodeState } from "../history/object-state.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import { decodeMemory } from "../lifecycle/memory.ts";
import type { TraceSignal } from "../lifecycle/signal.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { drawTrace } from "../testing/draw-trace.ts";
import { READ_ERROR } from "../testing/faulty-database.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import {
  appearance,
  changeBetween,
  database,
  DATABASE_KIND,
  NOW_MS,
} from "../testing/kube-change.ts";
import type { ObjectRow } from "../store/rows.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { formatRfc3339 } from "../util/format-rfc3339.ts";
import { Commit } from "./commit.ts";
import { Fold } from "./fold.ts";
import { OutboxRoom } from "./outbox-room.ts";

const interpret = createInterpret({ traces: { maxMs: 3_600_000, isSampled: () => true } });
const KINDS = ["CustomDatabase", "StatefulSet", "Pod"] as const;
type Kind = (typeof KINDS)[number];

/** As it was seen last, by name. */
const looks = new Map<string, KubeObject>();

let temporary: TemporaryStore;
let told: TraceSignal[];
let nowMs: number;
let commit: Commit;
let fold: Fold;

beforeEach(() => {
  temporary = openTemporaryStore();
  told = [];
  nowMs = 0;
  looks.clear();
  start();
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

/** A process of its own, on what the last one left; `room`: absent where whatever is said has room. */
function start(room?: OutboxRoom): void {
  const { store } = temporary;
  const logs = { encoding: "test", encode: () => new Uint8Array(1) };
  const traces = {
    encoding: "test",
    encode: (signals: readonly TraceSignal[]) => {
      told.push(...signals);
      return new Uint8Array(1);
    },
  };
  commit = new Commit({
    store,
    clock: createFakeClock(NOW_MS),
    report: () => undefined,
    room,
    logs,
    traces,
    committed: () => undefined,
  });
  fold = new Fold({
    store,
    commit,
    interpret,
    kindOf: (watchId) => factsOf(KINDS[watchId - 1] ?? "Pod"),
    initial: "summary",
    minimumSeverity: "INFO",
    pin: () => undefined,
  });
}

function restart(): void {
  commit.flush();
  temporary.reopen();
  start();
}

function factsOf(kind: Kind): KindFacts {
  return { ...DATABASE_KIND, kind };
}

function watchOf(kind: Kind): ReturnType<typeof createActiveWatch> {
  const id = KINDS.indexOf(kind) + 1;
  return createActiveWatch({ id, kindId: id, facts: factsOf(kind) });
}

type Look = {
  readonly kind: Kind;
  readonly name: string;
  readonly owner?: string;
  readonly observed?: number;
  readonly isDeleting?: boolean;
  readonly spec?: KubeObject["spec"];
};

/** A second later than what was seen before. */
function see({ kind, name, owner, observed, isDeleting, spec }: Look): void {
  nowMs += 1_000;
  const ownerReferences = [
    { apiVersion: "v1", kind: "Owner", name: "owner", uid: owner ?? "", controller: true },
  ];
  const metadata: Partial<ObjectMeta> = {
    name,
    uid: name,
    creationTimestamp: formatRfc3339(NOW_MS),
    ...(owner === undefined ? {} : { ownerReferences }),
    ...(isDeleting === true
      ? { deletionTimestamp: formatRfc3339(NOW_MS + nowMs), finalizers: ["a/b"] }
      : {}),
  };
  const object = database({
    metadata,
    ...(spec === undefined ? {} : { spec }),
    status: observed === undefined ? {} : { observedGeneration: observed },
  });
  const known = commit.find(watchOf(kind).kindId, name);
  const before = looks.get(name) ?? object;
  const change =
    known === undefined
      ? appearance(object, "created")
      : changeBetween(before, object, { observedAtMs: NOW_MS + nowMs });
  looks.set(name, object);
  const moment = { kind: factsOf(kind), observedAtMs: NOW_MS + nowMs };
  fold.keep(watchOf(kind), known, {
    change: { ...change, ...moment },
    state: encodeState(object, ""),
  });
}

function lose(kind: Kind, name: string): void {
  nowMs += 1_000;
  const watch = watchOf(kind);
  const known = commit.find(watch.kindId, name);
  const before = looks.get(name);
  if (known === undefined || before === undefined) throw new Error(`There is no ${name}`);
  fold.drop(watch, known, {
    type: "disappeared",
    kind: factsOf(kind),
    observedAtMs: NOW_MS + nowMs,
    before,
    cause: "deleted",
    finalStateUnknown: false,
  });
}

function drawn(name: string): string {
  commit.flush();
  const trace = told.findLast(({ spans: [root] }) => root.attributes["k8s.object.uid"] === name);
  return trace === undefined ? "" : drawTrace(trace.spans);
}

/** Of each work that the row remembers, the UIDs of the children that went. */
function goneOf(row: ObjectRow | undefined): unknown {
  const { work } = decodeMemory(row?.memory ?? "{}");
  return work?.map(({ gone }) => gone?.map(({ uid }) => uid));
}

const DATABASE = { kind: "CustomDatabase", name: "db" } as const;
const SET = { kind: "StatefulSet", name: "set", owner: "db" } as const;
const POD = { kind: "Pod", name: "pod", owner: "set" } as const;

test("a Pod that went while what owns its owner worked is in that one's trace, through restarts", () => {
  see({ ...DATABASE, observed: 0 });
  see({ ...SET, observed: 1 });
  see({ ...POD, observed: 0 });
  restart();
  see({ ...POD, observed: 0, isDeleting: true });
  lose("Pod", "pod");
  restart();
  see({ ...DATABASE, observed: 1 });

  expect(drawn("db")).toMatch(/^CustomDatabase converge 0–5000 current/);
  expect(drawn("db")).toContain("  child StatefulSet 1000–4000\n    child Pod 2000–4000");
});

test("a child that went without a request is where it went", () => {
  see({ ...DATABASE, observed: 0 });
  see({ ...POD, owner: "db" });
  lose("Pod", "pod");
  see({ ...DATABASE, observed: 1 });

  expect(drawn("db")).toContain("child Pod 2000–2000");
  const span = told.at(-1)?.spans.find(({ name }) => name === "child Pod");
  expect(span?.attributes).toMatchObject({ "lifeline.gone": true, "lifeline.end": "observed" });
});

test("owners remember nothing of a child once their work is over", () => {
  see({ ...DATABASE, observed: 0 });
  see({ ...SET });
  lose("StatefulSet", "set");
  see({ ...DATABASE, observed: 1 });
  see({ ...SET });
  lose("StatefulSet", "set");

  const row = commit.find(1, "db");
  expect(decodeMemory(row?.memory ?? "{}").work).toBeUndefined();
});

test("those above an object remember it as far up as a trace tells of children", () => {
  see({ ...DATABASE, observed: 0 });
  for (const [name, owner] of [
    ["a", "db"],
    ["b", "a"],
    ["c", "b"],
  ] as const)
    see({ kind: "StatefulSet", name, owner, observed: 0 });
  see({ ...POD, owner: "c" });

  lose("Pod", "pod");

  const gone = ["a", "b", "c"].map((name) => commit.find(2, name)).concat(commit.find(1, "db"));
  const remembered = gone.map((row) => decodeMemory(row?.memory ?? "{}").work?.[0]?.gone?.length);
  expect(remembered).toEqual([1, 1, 1, undefined]);
});

test("a deletion that was not taken, as nobody could read the owner, is told once", () => {
  see({ ...DATABASE, observed: 0 });
  see({ ...SET, observed: 1 });
  commit.flush();
  temporary.break({ sql: /^SELECT .* WHERE uid = \? LIMIT 1/, ...READ_ERROR });

  expect(() => lose("StatefulSet", "set")).toThrow(READ_ERROR.message);
  temporary.mend();
  lose("StatefulSet", "set");
  see({ ...DATABASE, observed: 1 });

  expect(drawn("db").match(/child/g)).toHaveLength(1);
  expect(temporary.store.objectByUid(2, "set")).toBeUndefined();
});

test("a deletion that waits for room is written with the removal, though what owns it is written before", () => {
  // So large that to put it writes all that is pending.
  see({ ...DATABASE, observed: 0, spec: { note: "x".repeat(600_000) } });
  see({ ...SET, observed: 1 });
  commit.flush();
  const { store } = temporary;
  start(
    new OutboxRoom({
      store,
      queues: [{ signal: "logs", encoding: "test" }],
      maxBytes: 1,
      clock: createFakeClock(NOW_MS),
      report: () => undefined,
    }),
  );

  lose("StatefulSet", "set");
  const killed = temporary.reopen();

  expect(goneOf(killed.objectByUid(1, "db"))).toEqual([["set"]]);
  expect(killed.objectByUid(2, "set")).toBeDefined();
  expect(killed.withheld({ kindId: 2, uid: "set" })).toBeUndefined();
});

test("owner references that go round in a circle are followed once", () => {
  see({ ...DATABASE, owner: "set", observed: 0 });
  see({ ...SET, observed: 0 });
  see({ ...POD });

  lose("Pod", "pod");

  const gone = [commit.find(1, "db"), commit.find(2, "set")].map(goneOf);
  expect(gone).toEqual([[["pod"]], [["pod"]]]);
});
