import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InitialSyncs } from "../cluster/initial-syncs.ts";
import { watchResource } from "../cluster/reflector.ts";
import { formatWatchKey } from "../cluster/watch-event.ts";
import type { Change } from "../history/change.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createRandom } from "../testing/demo/random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createHostileApiClient, type Disturbance } from "../testing/hostile-api-client.ts";
import { DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { SimulatedCluster } from "../testing/simulated-api-server/simulated-cluster.ts";
import { allObjects, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Commit } from "./commit.ts";
import { Fold } from "./fold.ts";
import { Intake } from "./intake.ts";
import { ObjectCounts } from "./object-counts.ts";

const RESOURCE = "customdatabases.custom.example.com";
const KEY = { group: DATABASE_KIND.group, resource: DATABASE_KIND.resource };
const DISTURBANCES: readonly Disturbance[] = [
  "close",
  "reset",
  "half-line",
  "nonsense",
  "gone",
  "internal-error",
  "busy",
  "bookmark",
  "duplicate",
  "end-of-initial-events",
];
/** From a turn of the loop, over a page, to longer than any wait or deadline of the reflector. */
const WAITS_MS = [0, 150, 250, 800, 5000, 31_000, 250_000];

const NAMES = ["a", "b", "c", "d"] as const;
const NAME = fc.constantFrom(...NAMES);
const STEP = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("write" as const), name: NAME }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), name: NAME }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("disturb" as const),
      how: fc.constantFrom(...DISTURBANCES),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(...WAITS_MS) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("forget" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("refuse" as const),
      code: fc.constantFrom(401, 403, 404, 410, 422, 429, 500, 503, 504),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("cut" as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("expire-tokens" as const),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("watch-list" as const),
      mode: fc.constantFrom("served" as const, "refused" as const, "unmarked" as const),
    }),
  },
);
type Step = typeof STEP extends fc.Arbitrary<infer Value> ? Value : never;

const report = (): void => undefined;

let temporary: TemporaryStore;

beforeEach(() => {
  // No time slice is ever used up, so that a run is the same each time.
  vi.spyOn(performance, "now").mockReturnValue(0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A reflector and what history makes of it, over a cluster that the test writes to and an API server that it disturbs. */
function createModel(seed: number) {
  const clock = createFakeClock(NOW_MS);
  const random = createRandom(seed);
  const cluster = new SimulatedCluster({ clock });
  cluster.addKind(DATABASE_KIND);
  const api = createHostileApiClient({ cluster, clock, split: random });
  const { store } = temporary;
  const counts = new ObjectCounts();
  const changes: Change[] = [];
  const gone: string[] = [];
  const interpret = createInterpret({});
  const commit = new Commit({
    store,
    clock,
    report,
    logs: undefined,
    committed: (touched) => counts.apply(touched),
  });
  const fold = new Fold({
    store,
    commit,
    interpret: (change, ...rest) => {
      changes.push(change);
      if (change.type === "disappeared") check(change.before.metadata.uid);
      return interpret(change, ...rest);
    },
    initial: "none",
    minimumSeverity: "INFO",
    pin: () => undefined,
  });
  const intake = new Intake({ store, commit, fold, counts, redact: (one) => one, clock, report });
  const row = store.openWatch(formatWatchKey(KEY), KEY, "{}");
  const watch = createActiveWatch({ id: row.id, kindId: row.kindId, key: KEY });
  const initialSyncs = new InitialSyncs();

  /** What is told to be gone is not there. */
  function check(uid: string): void {
    if (cluster.list(RESOURCE).some(({ metadata }) => metadata.uid === uid)) gone.push(uid);
  }

  let stop = new AbortController();
  async function follow(): Promise<void> {
    const { signal } = stop;
    const from = watch.position === undefined ? {} : { from: watch.position };
    watch.resync = undefined;
    const options = { client: api, facts: DATABASE_KIND, key: KEY, clock, random, report };
    for await (const events of watchResource({ ...options, ...from, signal, initialSyncs })) {
      await intake.take(watch, events);
    }
  }
  let running = follow();

  return {
    clock,
    cluster,
    api,
    changes,
    gone,
    commit,
    async stop(): Promise<void> {
      stop.abort();
      await running;
    },
    async restart(): Promise<void> {
      await this.stop();
      stop = new AbortController();
      running = follow();
    },
  };
}

type Model = ReturnType<typeof createModel>;

function write({ cluster }: Model, name: string, count: number): void {
  const ref = { resource: RESOURCE, namespace: "default", name };
  if (cluster.get(ref) === undefined) {
    cluster.create(RESOURCE, { metadata: { name, namespace: "default" }, spec: { count } });
  } else {
    cluster.patchStatus(ref, { count });
  }
}

async function take(model: Model, step: Step, count: number): Promise<void> {
  const { api, cluster, clock } = model;
  switch (step.type) {
    case "write":
      return write(model, step.name, count);
    case "delete": {
      const ref = { resource: RESOURCE, namespace: "default", name: step.name };
      if (cluster.get(ref) !== undefined) cluster.delete(ref);
      return;
    }
    case "disturb":
      return api.disturb(step.how);
    case "wait":
      return await clock.advance(step.ms);
    case "forget":
      return cluster.forgetHistory();
    case "restart":
      return await model.restart();
    case "refuse":
      return api.refuse(step.code, step.times);
    case "cut":
      return api.cut(step.times);
    case "expire-tokens":
      return api.expireTokens(step.times);
    case "watch-list":
      api.watchList = step.mode;
  }
}

/** uid, resourceVersion and status of each, in the order of the names. */
function plain(
  objects: readonly { uid: string; resourceVersion: string; status: unknown }[],
): readonly string[] {
  return objects
    .map(
      ({ uid, resourceVersion, status }) => `${uid} ${resourceVersion} ${JSON.stringify(status)}`,
    )
    .toSorted();
}

function cached(): readonly string[] {
  return plain(
    allObjects(temporary.store).map(({ uid, resourceVersion, status }) => ({
      uid,
      resourceVersion,
      status: status === "" ? undefined : JSON.parse(status),
    })),
  );
}

function existing({ cluster }: Model): readonly string[] {
  return plain(
    cluster.list(RESOURCE).map(({ metadata: { uid, resourceVersion }, status }) => ({
      uid,
      resourceVersion,
      status,
    })),
  );
}

/** Per UID: `appeared (changed)* disappeared`, and resourceVersions that never go back. */
function offences(changes: readonly Change[]): readonly string[] {
  const living = new Map<string, number>();
  const buried = new Set<string>();
  return changes.flatMap((change) => {
    const object = change.type === "disappeared" ? change.before : change.after;
    const { uid, resourceVersion } = object.metadata;
    const before = living.get(uid);
    const version = Number(resourceVersion);
    const found: string[] = [];
    if (buried.has(uid)) found.push(`${change.type} of ${uid}, which was gone`);
    if (change.type === "appeared" && before !== undefined) found.push(`${uid} appeared twice`);
    if (change.type !== "appeared" && before === undefined) found.push(`${uid} never appeared`);
    if (before !== undefined && version < before) found.push(`${uid} went back to ${version}`);
    living.set(uid, version);
    if (change.type === "disappeared") {
      living.delete(uid);
      buried.add(uid);
    }
    return found;
  });
}

const FOUR: readonly Step[] = NAMES.map((name) => ({ type: "write", name }));

/** What chance hardly ever brings about. */
const STORIES: readonly (readonly Step[])[] = [
  // What a stream that is cut off has shown is gone before the next one begins.
  [
    ...FOUR,
    { type: "wait", ms: 800 },
    { type: "watch-list", mode: "unmarked" },
    { type: "disturb", how: "gone" },
    { type: "wait", ms: 0 },
    { type: "disturb", how: "close" },
    { type: "delete", name: "a" },
    { type: "watch-list", mode: "served" },
  ],
  // What has changed and gone between the first page and one that is newer, for the token expired.
  [
    { type: "watch-list", mode: "refused" },
    ...FOUR,
    { type: "wait", ms: 5000 },
    { type: "disturb", how: "gone" },
    { type: "wait", ms: 150 },
    { type: "write", name: "d" },
    { type: "delete", name: "d" },
    { type: "expire-tokens", times: 1 },
    { type: "wait", ms: 5000 },
  ],
  // What a page that is newer than the first has shown is told again by what happened in between.
  [
    { type: "watch-list", mode: "refused" },
    ...FOUR,
    { type: "wait", ms: 5000 },
    { type: "disturb", how: "gone" },
    { type: "wait", ms: 150 },
    { type: "write", name: "d" },
    { type: "write", name: "d" },
    { type: "expire-tokens", times: 1 },
    { type: "wait", ms: 5000 },
  ],
  // What comes twice after a bookmark must not take the position back to before it.
  [
    { type: "write", name: "a" },
    { type: "write", name: "b" },
    { type: "disturb", how: "gone" },
    { type: "delete", name: "b" },
    { type: "wait", ms: 0 },
    { type: "disturb", how: "duplicate" },
    { type: "disturb", how: "close" },
    { type: "wait", ms: 0 },
    { type: "write", name: "a" },
    { type: "write", name: "a" },
    { type: "disturb", how: "close" },
    { type: "refuse", code: 401, times: 1 },
    { type: "wait", ms: 0 },
    { type: "disturb", how: "close" },
    { type: "disturb", how: "close" },
    { type: "write", name: "a" },
    { type: "wait", ms: 0 },
    { type: "wait", ms: 0 },
    { type: "restart" },
    { type: "write", name: "a" },
    { type: "disturb", how: "close" },
    { type: "delete", name: "a" },
    { type: "wait", ms: 0 },
    { type: "watch-list", mode: "served" },
    { type: "write", name: "a" },
    { type: "disturb", how: "close" },
  ],
];

test("I01 model-based, I04 soak-with-faults: whatever happens to it, a watch ends with what exists, and tells each object's life in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(STEP, { minLength: 20, maxLength: 80, size: "max" }),
      fc.nat({ max: 1_000_000 }),
      async (steps, seed) => {
        temporary = openTemporaryStore();
        try {
          const model = createModel(seed);
          for (const [index, step] of steps.entries()) await take(model, step, index);

          model.api.mend();
          model.api.watchList = "served";
          for (let round = 0; round < 8; round++) {
            await model.clock.advance(60_000);
            model.api.disturb("bookmark");
          }
          write(model, "last", 0);
          await model.clock.advance(600_000);
          model.commit.flush();

          expect(model.gone).toEqual([]);
          expect(offences(model.changes)).toEqual([]);
          expect(cached()).toEqual(existing(model));
          await model.stop();
        } finally {
          temporary[Symbol.dispose]();
        }
      },
    ),
    { numRuns: 40, examples: STORIES.map((steps) => [[...steps], 0]) },
  );
}, 60_000);
