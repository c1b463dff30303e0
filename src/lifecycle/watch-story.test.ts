import { expect, test } from "vitest";
import { DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { sha256 } from "../util/sha256.ts";
import { LOG_RECORDS } from "./signal-table.ts";
import { interpretStale, interpretSync, type StaleFacts, type SyncFacts } from "./watch-story.ts";

const FACTS: SyncFacts = {
  watchKey: "customdatabases.custom.example.com",
  kind: DATABASE_KIND,
  position: "777",
  observedAtMs: NOW_MS,
  withHistory: false,
  byHealth: {
    current: 115,
    progressing: 0,
    degraded: 0,
    failed: 5,
    suspended: 0,
    terminating: 0,
    unknown: 0,
  },
  netChanges: {},
  observedTold: 4,
  observedWithheld: 116,
};

test("interpretSync() without history tells counts by health and of observed records", () => {
  const record = interpretSync(FACTS);

  expect(record).toMatchObject({
    eventName: "lifeline.synced",
    severity: "INFO",
    timeMs: NOW_MS,
    observedTimeMs: NOW_MS,
    body: "CustomDatabase: first look at 120 objects, 115 current, 5 failed; 4 of them told one by one, at resourceVersion 777",
  });
  expect(record).not.toHaveProperty("namespace");
  expect(record.attributes).toMatchObject({
    "k8s.object.kind": "CustomDatabase",
    "lifeline.action": "synced",
    "lifeline.synced.objects": 120,
    "lifeline.synced.health.failed": 5,
    "lifeline.synced.health.unknown": 0,
    "lifeline.synced.observed": 4,
    "lifeline.synced.observed_withheld": 116,
    "log.record.uid": sha256("customdatabases.custom.example.com\x00777\x00synced").slice(0, 32),
  });
  expect(record.attributes).not.toHaveProperty(["lifeline.synced.created"]);
});

test("interpretSync() with history tells counts of each net change, and of none that it does not know", () => {
  const record = interpretSync({
    ...FACTS,
    withHistory: true,
    namespace: "prod",
    netChanges: { created: 2, deleted: 1, ticked: 9, [`x${"y".repeat(9)}`]: 1 },
  });

  expect(record.namespace).toBe("prod");
  expect(record.body).toBe(
    "CustomDatabase: looked again at 120 objects in namespace prod, 115 current, 5 failed; since the last look 2 created, 0 updated, 1 deleted, at resourceVersion 777",
  );
  expect(record.attributes).toMatchObject({
    "lifeline.synced.created": 2,
    "lifeline.synced.updated": 0,
    "lifeline.synced.deleted": 1,
  });
  expect(record.attributes).not.toHaveProperty(["lifeline.synced.observed"]);
});

test("interpretSync() has only the attributes of the table", () => {
  const known = [
    "k8s.object.kind",
    "k8s.object.group",
    "lifeline.action",
    "log.record.uid",
    ...LOG_RECORDS["lifeline.synced"].attributes,
  ];

  for (const withHistory of [true, false]) {
    expect(known).toEqual(
      expect.arrayContaining(Object.keys(interpretSync({ ...FACTS, withHistory }).attributes)),
    );
  }
});

test("interpretSync() of one share of the objects says which", () => {
  const record = interpretSync({ ...FACTS, shard: "0/3" });

  expect(record.body).toContain("first look at 120 objects in shard 0/3, 115 current");
  expect(record.attributes["lifeline.shard"]).toBe("0/3");
});

const STALE: StaleFacts = {
  watchKey: "customdatabases.custom.example.com",
  kind: DATABASE_KIND,
  position: "777",
  observedAtMs: NOW_MS,
  silentMs: 300_000,
  error: "Cannot watch customdatabases.custom.example.com in the cluster: API server answered 503",
};

test("interpretStale() tells for how long nothing came, since when, and what failed last", () => {
  const record = interpretStale(STALE);

  expect(record).toMatchObject({
    eventName: "lifeline.watch.stale",
    severity: "WARN",
    timeMs: NOW_MS,
    observedTimeMs: NOW_MS,
    body: `CustomDatabase: no sign of life for 5 min, since resourceVersion 777; last error: ${STALE.error}; their gauges are not sent until there is one`,
  });
  expect(record.attributes).toEqual({
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.group": "custom.example.com",
    "lifeline.watch.position": "777",
    "lifeline.action": "stale",
    "log.record.uid": sha256("customdatabases.custom.example.com\x00777\x00stale").slice(0, 32),
    "lifeline.watch.key": "customdatabases.custom.example.com",
    "lifeline.duration": 300,
    "lifeline.watch.error": STALE.error,
  });
});

test("interpretStale() of a watch that never looked, in silence, says just that", () => {
  const record = interpretStale({
    ...STALE,
    namespace: "prod",
    shard: "1/3",
    position: "",
    error: undefined,
  });

  expect(record.namespace).toBe("prod");
  expect(record.body).toBe(
    "CustomDatabase: no sign of life in namespace prod in shard 1/3 for 5 min; nothing failed, the API server is silent; their gauges are not sent until there is one",
  );
  expect(record.attributes["lifeline.shard"]).toBe("1/3");
  for (const name of ["lifeline.watch.position", "lifeline.watch.error"])
    expect(record.attributes).not.toHaveProperty([name]);
});

test("interpretStale() stays within its bounds, however long the error", () => {
  const record = interpretStale({ ...STALE, error: "x".repeat(100_000) });

  expect(record.body.length).toBeLessThanOrEqual(1024);
  expect(record.body).toMatch(/their gauges are not sent until there is one$/);
  expect(String(record.attributes["lifeline.watch.error"]).length).toBeLessThanOrEqual(1024);
});
