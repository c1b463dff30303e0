import { expect, test } from "vitest";
import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import type { Change } from "../history/change.ts";
import {
  appearance,
  changeBetween,
  database,
  DATABASE_KIND,
  NOW_MS,
} from "../testing/kube-change.ts";
import { sha256 } from "../util/sha256.ts";
import { createInterpret } from "./interpret.ts";
import { decodeMemory, encodeMemory, type Memory } from "./memory.ts";
import type { CountSignal, LogSignal, Outcome } from "./signal.ts";

const interpret = createInterpret({ clusterName: "prod-1" });

const CONFIG_KIND: KindFacts = {
  ...DATABASE_KIND,
  group: "",
  kind: "ConfigMap",
  resource: "configmaps",
  hasStatusSubresource: false,
};

function logs(outcome: Outcome): readonly LogSignal[] {
  return outcome.signals.filter((signal) => signal.type === "log");
}

/** The one record of that action; fails the test if there are none or several. */
function only(outcome: Outcome, action: string): LogSignal {
  const found = logs(outcome).filter((log) => log.attributes["lifeline.action"] === action);
  expect(found).toHaveLength(1);
  const [record] = found;
  if (record === undefined) throw new Error(`No record of action ${action}`);
  return record;
}

function actions(outcome: Outcome): readonly unknown[] {
  return logs(outcome).map((log) => log.attributes["lifeline.action"]);
}

function counts(outcome: Outcome): Readonly<Record<string, number>> {
  const found = outcome.signals.filter(
    (signal): signal is CountSignal =>
      signal.type === "count" && signal.metric === "lifeline.object.changes",
  );
  return Object.fromEntries(found.map(({ attributes, by }) => [String(attributes["action"]), by]));
}

type ConditionFields = {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
};

function condition(
  status: string,
  fields: ConditionFields = {},
): Readonly<Record<string, unknown>> {
  return {
    type: "Ready",
    status,
    reason: "Because",
    message: "",
    lastTransitionTime: "2023-10-26T09:59:00Z",
    ...fields,
  };
}

function withConditions(...conditions: readonly unknown[]): KubeObject {
  return database({ status: { conditions } });
}

/** What is remembered after a first look at the object, a minute before the Change of the test. */
function remembered(object: KubeObject, kind: KindFacts = DATABASE_KIND): Memory {
  return interpret(
    appearance(object, "first-look", { kind, observedAtMs: NOW_MS - 60_000 }),
    undefined,
  ).memory;
}

function outcomeOf(
  before: KubeObject,
  after: KubeObject,
  moment: Parameters<typeof changeBetween>[2] = {},
): Outcome {
  return interpret(changeBetween(before, after, moment), remembered(before, moment.kind));
}

// created

test("created tells who, when by the cluster's clock, and the labels", () => {
  const object = database({
    metadata: {
      creationTimestamp: "2023-10-26T09:59:58Z",
      labels: { critical: "true" },
      ownerReferences: [
        { apiVersion: "v1", kind: "Other", name: "no", uid: "o1" },
        {
          apiVersion: "example.com/v1",
          kind: "Application",
          name: "shop",
          uid: "o2",
          controller: true,
        },
      ],
    },
  });

  const outcome = interpret(appearance(object, "created"), undefined);

  expect(logs(outcome)).toEqual([
    {
      type: "log",
      eventName: "lifeline.object.created",
      severity: "INFO",
      timeMs: NOW_MS - 2_000,
      observedTimeMs: NOW_MS,
      body: "CustomDatabase default/my-app-db was created, at resourceVersion 1234",
      namespace: "default",
      attributes: {
        "k8s.object.kind": "CustomDatabase",
        "k8s.object.group": "custom.example.com",
        "k8s.object.api_version": "custom.example.com/v1",
        "k8s.object.name": "my-app-db",
        "k8s.object.uid": "uid-1",
        "k8s.object.resource_version": "1234",
        "k8s.object.generation": 1,
        "lifeline.owner.kind": "Application",
        "lifeline.owner.name": "shop",
        "lifeline.action": "created",
        "lifeline.health": outcome.health,
        "lifeline.labels": '{"critical":"true"}',
        "log.record.uid": sha256("uid-1\0created\0").slice(0, 32),
      },
    },
  ]);
});

test("created counts by kind, group, namespace and cluster", () => {
  const outcome = interpret(appearance(database(), "created"), undefined);

  expect(outcome.signals.filter((signal) => signal.type === "count")).toEqual([
    {
      type: "count",
      metric: "lifeline.object.changes",
      attributes: {
        "k8s.object.kind": "CustomDatabase",
        "k8s.object.group": "custom.example.com",
        "k8s.namespace.name": "default",
        "k8s.cluster.name": "prod-1",
        action: "created",
      },
      by: 1,
    },
  ]);
});

test("created tells what the object was born with, too", () => {
  const object = database({
    metadata: {
      creationTimestamp: "2023-10-26T09:59:00Z",
      deletionTimestamp: "2023-10-26T09:59:50Z",
    },
    status: { phase: "Pending", conditions: [condition("False")] },
  });

  const outcome = interpret(appearance(object, "created"), undefined);

  expect(actions(outcome)).toEqual(["created", "condition_changed", "phase_changed", "deleting"]);
  expect(only(outcome, "condition_changed")).toMatchObject({
    severity: "INFO",
    timeMs: NOW_MS - 60_000,
    body: "CustomDatabase default/my-app-db became Ready=False (Because), at resourceVersion 1234",
  });
  expect(only(outcome, "condition_changed").attributes).not.toHaveProperty("lifeline.duration");
});

test("created tells a bad health that the object was born with", () => {
  const outcome = interpret(
    appearance(database({ status: { phase: "Failed" } }), "created"),
    undefined,
  );

  expect(only(outcome, "health_changed")).toMatchObject({
    severity: "ERROR",
    attributes: { "lifeline.health": "failed" },
  });
  expect(only(outcome, "health_changed").attributes).not.toHaveProperty("lifeline.previous_health");
});

test.each([
  { name: "Pod", group: "", attribute: "k8s.pod.name" },
  { name: "Deployment", group: "apps", attribute: "k8s.deployment.name" },
  { name: "HorizontalPodAutoscaler", group: "autoscaling", attribute: "k8s.hpa.name" },
])("created of a $name has $attribute", ({ name, group, attribute }) => {
  const kind = { ...DATABASE_KIND, group, kind: name };

  const outcome = interpret(appearance(database(), "created", { kind }), undefined);

  expect(only(outcome, "created").attributes[attribute]).toBe("my-app-db");
});

test("created of a kind that only shares the name of a built-in one has no k8s.*.name", () => {
  const outcome = interpret(
    appearance(database(), "created", {
      kind: { ...DATABASE_KIND, kind: "Service", group: "serving.knative.dev" },
    }),
    undefined,
  );

  expect(only(outcome, "created").attributes).not.toHaveProperty("k8s.service.name");
});

// observed

test("observed at a first look tells the health, no transitions, and counts nothing", () => {
  const object = database({
    status: { phase: "Failed", conditions: [condition("False", { type: "Backup" })] },
  });

  const outcome = interpret(appearance(object, "first-look"), undefined);

  expect(outcome.signals).toHaveLength(1);
  expect(only(outcome, "observed")).toMatchObject({
    severity: "INFO",
    timeMs: NOW_MS,
    attributes: {
      "lifeline.health": outcome.health,
      "log.record.uid": sha256("uid-1\x001234\x00observed\0").slice(0, 32),
    },
  });
});

test("observed comes for what came into view, too", () => {
  const outcome = interpret(appearance(database(), "entered-view"), undefined);

  expect(actions(outcome)).toEqual(["observed"]);
  expect(only(outcome, "observed").body).toContain("came into view");
});

test("memory starts from recorded times at a first look, however old, and invents none", () => {
  const object = database({
    metadata: { generation: 3 },
    status: {
      phase: "Ready",
      conditions: [
        condition("True", { lastTransitionTime: "2021-01-01T00:00:00Z" }),
        condition("False", { type: "X", lastTransitionTime: "0001-01-01T00:00:00Z" }),
      ],
    },
  });

  const { memory } = interpret(appearance(object, "first-look"), undefined);

  expect(memory).toEqual({
    version: 1,
    generation: { value: 3, sinceMs: NOW_MS },
    health: { value: "current" },
    phase: { value: "Ready" },
    conditions: [
      { type: "Ready", status: "True", sinceMs: Date.parse("2021-01-01T00:00:00Z") },
      { type: "X", status: "False" },
    ],
    ticks: {},
  });
});

// updated, status_updated

test.each([
  {
    what: "spec",
    after: database({ spec: { databaseType: "mongo-replica", replicas: 5 } }),
    path: "spec.replicas",
  },
  { what: "data outside of spec", after: database({ data: { key: "value" } }), path: "data" },
  {
    what: "labels",
    after: database({ metadata: { labels: { "app.kubernetes.io/name": "db" } } }),
    path: "metadata.labels",
  },
  {
    what: "annotations",
    after: database({ metadata: { annotations: { note: "x" } } }),
    path: "metadata.annotations",
  },
  {
    what: "owners",
    after: database({ metadata: { ownerReferences: [] } }),
    path: "metadata.ownerReferences",
  },
  {
    what: "finalizers",
    after: database({ metadata: { finalizers: ["example.com/x"] } }),
    path: "metadata.finalizers",
  },
])("updated comes when $what changed", ({ after, path }) => {
  const outcome = outcomeOf(database(), after);

  expect(actions(outcome)).toEqual(["updated"]);
  expect(only(outcome, "updated").severity).toBe("INFO");
  expect(only(outcome, "updated").attributes["lifeline.change.paths"]).toEqual([path]);
});

test("updated says what changed, who and when", () => {
  const before = database();
  const after = database({
    metadata: { generation: 2, resourceVersion: "1240" },
    spec: { databaseType: "mongo-replica", replicas: 5 },
  });

  const record = only(
    outcomeOf(before, after, { managers: ["kubectl/Apply"], writtenAtMs: NOW_MS - 1_000 }),
    "updated",
  );

  expect(record).toMatchObject({
    timeMs: NOW_MS - 1_000,
    body: "CustomDatabase default/my-app-db changed spec.replicas 3 → 5, by kubectl/Apply, at resourceVersion 1240",
    attributes: {
      "lifeline.change.paths": ["spec.replicas"],
      "lifeline.change.diff": '[{"path":"spec.replicas","before":3,"after":5}]',
      "lifeline.change.managers": ["kubectl/Apply"],
      "log.record.uid": sha256("uid-1\x001240\x00updated\0").slice(0, 32),
    },
  });
  expect(record.attributes).not.toHaveProperty("lifeline.change.truncated");
});

test("status_updated comes for status beyond conditions, phase and ticking fields, at DEBUG", () => {
  const before = database({
    status: { phase: "Provisioning", readyReplicas: 1, conditions: [condition("False")] },
  });
  const after = database({
    status: {
      phase: "Ready",
      readyReplicas: 3,
      lastUpdated: "2023-10-26T10:00:00Z",
      conditions: [condition("True")],
    },
  });

  const record = only(outcomeOf(before, after), "status_updated");

  expect(record.severity).toBe("DEBUG");
  expect(record.attributes["lifeline.change.paths"]).toEqual(["status.readyReplicas"]);
});

test.each([
  {
    what: "resourceVersion and generation",
    before: database(),
    after: database({ metadata: { resourceVersion: "9", generation: 2 } }),
  },
  {
    what: "heartbeat",
    before: database({ status: { nodeHeartbeat: 1 } }),
    after: database({ status: { nodeHeartbeat: 2 } }),
  },
  {
    what: "lastUpdated",
    before: database({ status: { lastUpdated: "a" } }),
    after: database({ status: { lastUpdated: "b" } }),
  },
  {
    what: "deep lastSyncTime",
    before: database({ status: { a: [{ lastSyncTime: 1 }] } }),
    after: database({ status: { a: [{ lastSyncTime: 2 }] } }),
  },
  {
    what: "condition message",
    before: withConditions(condition("True", { message: "3 s" })),
    after: withConditions(condition("True", { message: "4 s" })),
  },
  {
    what: "condition lastProbeTime",
    before: withConditions({ ...condition("True"), lastProbeTime: "2023-10-26T09:00:00Z" }),
    after: withConditions({ ...condition("True"), lastProbeTime: "2023-10-26T10:00:00Z" }),
  },
])("a change of $what alone is no news, but counted", ({ before, after }) => {
  const outcome = outcomeOf(before, after);

  expect(logs(outcome)).toEqual([]);
  expect(counts(outcome)).toEqual({ ticked: 1 });
});

test("a label that sounds like ticking is news", () => {
  const outcome = outcomeOf(database(), database({ metadata: { labels: { lastUpdated: "x" } } }));

  expect(actions(outcome)).toEqual(["updated"]);
});

function nodes(state: string): KubeObject {
  return database({ status: { nodes: [{ name: "heartbeat", state }] } });
}

test("a list element that is called like a ticking field is news", () => {
  expect(actions(outcomeOf(nodes("up"), nodes("down")))).toEqual(["status_updated"]);
});

/** Runs statuses through the fold one after the other; gives the actions of each step. */
function story(statuses: readonly unknown[]): readonly (readonly unknown[])[] {
  let before = database({ status: statuses[0] });
  let memory = remembered(before);
  return statuses.slice(1).map((status) => {
    const after = database({ status });
    // As it would come back from the store.
    const outcome = interpret(changeBetween(before, after), decodeMemory(encodeMemory(memory)));
    before = after;
    memory = outcome.memory;
    return actions(outcome);
  });
}

const TIMES = ["01", "02", "03", "04", "05", "06", "07"].map(
  (second) => `2023-10-26T10:00:${second}Z`,
);

test("a time that changed alone three times running ticks from then on", () => {
  const told = story(TIMES.map((scanned) => ({ scanned })));

  expect(told).toEqual([["status_updated"], ["status_updated"], [], [], [], []]);
});

test("a time that changes in company starts over, and once learned stays learned", () => {
  const told = story([
    { scanned: TIMES[0], jobs: 1 },
    { scanned: TIMES[1], jobs: 1 },
    { scanned: TIMES[2], jobs: 1 },
    { scanned: TIMES[3], jobs: 2 },
    { scanned: TIMES[4], jobs: 2 },
    { scanned: TIMES[5], jobs: 2 },
    { scanned: TIMES[6], jobs: 2 },
    { scanned: TIMES[0], jobs: 3 },
    { scanned: TIMES[1], jobs: 3 },
  ]);

  expect(told.map((step) => step.length)).toEqual([1, 1, 1, 1, 1, 0, 1, 0]);
});

test("a number that changes alone never ticks", () => {
  expect(story([1, 2, 3, 4, 5].map((jobs) => ({ jobs }))).every((step) => step.length === 1)).toBe(
    true,
  );
});

test("what is remembered of ticks is bounded", () => {
  let status: Readonly<Record<string, unknown>> = {};
  let memory = remembered(database({ status }));
  for (let field = 0; field < 100; field++) {
    for (const time of TIMES.slice(0, field % 3 === 0 ? 5 : 2)) {
      const next = { ...status, [`time${field}`]: time };
      ({ memory } = interpret(
        changeBetween(database({ status }), database({ status: next })),
        memory,
      ));
      status = next;
    }
  }

  expect(Object.keys(memory.ticks).length).toBeLessThanOrEqual(16);
});

// condition_changed

test("condition_changed tells the transition with its own time and how long the status before had held", () => {
  const before = withConditions(
    condition("False", { lastTransitionTime: "2023-10-26T09:59:10Z", reason: "Creating" }),
  );
  const after = withConditions(
    condition("True", {
      lastTransitionTime: "2023-10-26T09:59:52Z",
      reason: "DatabaseAvailable",
      message: "All good",
    }),
  );

  const record = only(outcomeOf(before, after), "condition_changed");

  expect(record).toMatchObject({
    severity: "INFO",
    timeMs: NOW_MS - 8_000,
    body: "CustomDatabase default/my-app-db became Ready=True (DatabaseAvailable) after 42 s, at resourceVersion 1234",
  });
  expect(record.attributes).toMatchObject({
    "lifeline.condition.type": "Ready",
    "lifeline.condition.status": "True",
    "lifeline.condition.previous_status": "False",
    "lifeline.condition.reason": "DatabaseAvailable",
    "lifeline.condition.message": "All good",
    "lifeline.duration": 42,
    "log.record.uid": sha256("uid-1\x001234\x00condition_changed\x00Ready").slice(0, 32),
  });
});

const LATER = "2023-10-26T09:59:30Z";

test.each([
  {
    what: "Ready True to False",
    before: condition("True"),
    after: condition("False", { lastTransitionTime: LATER }),
    severity: "WARN",
  },
  {
    what: "Ready False to True",
    before: condition("False"),
    after: condition("True", { lastTransitionTime: LATER }),
    severity: "INFO",
  },
  {
    what: "Ready Unknown to False",
    before: condition("Unknown"),
    after: condition("False"),
    severity: "INFO",
  },
  {
    what: "Ready True to Unknown",
    before: condition("True"),
    after: condition("Unknown"),
    severity: "INFO",
  },
  {
    what: "Degraded False to True",
    before: condition("False", { type: "Degraded" }),
    after: condition("True", { type: "Degraded" }),
    severity: "WARN",
  },
  {
    what: "Progressing True to False",
    before: condition("True", { type: "Progressing" }),
    after: condition("False", { type: "Progressing" }),
    severity: "INFO",
  },
  {
    what: "reason only",
    before: condition("True"),
    after: condition("True", { reason: "Other" }),
    severity: "DEBUG",
  },
  {
    what: "Ready True to False of another generation",
    before: condition("True", { observedGeneration: 1 }),
    after: condition("False", { observedGeneration: 2 }),
    severity: "INFO",
  },
])("condition_changed for $what is $severity", ({ before, after, severity }) => {
  const record = only(
    outcomeOf(withConditions(before), withConditions(after)),
    "condition_changed",
  );

  expect(record.severity).toBe(severity);
});

test("condition_changed for good to bad together with a new generation is INFO", () => {
  const before = database({ status: { conditions: [condition("True")] } });
  const after = database({
    metadata: { generation: 2 },
    status: { conditions: [condition("False")] },
  });

  expect(only(outcomeOf(before, after), "condition_changed").severity).toBe("INFO");
});

test.each([
  { what: "the spec did not change", replicas: 3, severity: "WARN" },
  { what: "the spec changed, too", replicas: 5, severity: "INFO" },
])(
  "condition_changed for good to bad of a kind without a status subresource is $severity if $what",
  ({ replicas, severity }) => {
    const kind = { ...DATABASE_KIND, hasStatusSubresource: false };
    const before = database({ status: { conditions: [condition("True")] } });
    const after = database({
      metadata: { generation: 2 },
      spec: { databaseType: "mongo-replica", replicas },
      status: { conditions: [condition("False")] },
    });

    expect(only(outcomeOf(before, after, { kind }), "condition_changed").severity).toBe(severity);
  },
);

test("condition_changed is WARN when a condition that is bad if True appears beside others", () => {
  const outcome = outcomeOf(
    withConditions(condition("True")),
    withConditions(condition("True"), condition("True", { type: "Stalled" })),
  );

  const record = only(outcome, "condition_changed");
  expect(record.severity).toBe("WARN");
  expect(record.attributes).not.toHaveProperty("lifeline.condition.previous_status");
});

test("condition_changed is INFO when the first conditions of an object appear bad", () => {
  const outcome = outcomeOf(
    database(),
    withConditions(condition("False"), condition("True", { type: "Stalled" })),
  );

  expect(
    logs(outcome)
      .filter((log) => log.eventName === "lifeline.object.condition_changed")
      .map((log) => log.severity),
  ).toEqual(["INFO", "INFO"]);
  expect(actions(outcome)).not.toContain("status_updated");
});

test("condition_changed tells a condition that went", () => {
  const record = only(
    outcomeOf(withConditions(condition("True")), withConditions()),
    "condition_changed",
  );

  expect(record).toMatchObject({ severity: "INFO", timeMs: NOW_MS });
  expect(record.body).toContain("lost condition Ready=True after 1 min");
  expect(record.attributes).not.toHaveProperty("lifeline.condition.status");
});

test("condition_changed takes the first of two entries of one type", () => {
  const before = withConditions(condition("False"), condition("True"));
  const after = withConditions(condition("True"), condition("True"));

  expect(
    only(outcomeOf(before, after), "condition_changed").attributes["lifeline.condition.status"],
  ).toBe("True");
});

test.each(["__proto__", "constructor", "toString"])(
  "condition_changed keeps its durations for a condition called %s",
  (type) => {
    const before = withConditions(
      condition("False", { type, lastTransitionTime: "2023-10-26T09:59:00Z" }),
    );
    const after = withConditions(
      condition("True", { type, lastTransitionTime: "2023-10-26T09:59:30Z" }),
    );
    const memory = decodeMemory(encodeMemory(remembered(before)));

    const outcome = interpret(changeBetween(before, after), memory);

    expect(only(outcome, "condition_changed").attributes["lifeline.duration"]).toBe(30);
    expect(outcome.memory.conditions).toMatchObject([{ type, status: "True" }]);
  },
);

// Timestamps

const FALSE_AT_9 = condition("False", { lastTransitionTime: "2023-10-26T09:00:00Z" });

test.each([
  {
    what: "is 50 minutes past",
    stated: "2023-10-26T09:10:00Z",
    timeMs: NOW_MS - 50 * 60_000,
    eventTime: undefined,
    durationS: 600,
  },
  {
    what: "is longer past",
    stated: "2023-10-26T09:09:59Z",
    timeMs: NOW_MS,
    eventTime: "2023-10-26T09:09:59Z",
    durationS: 599,
  },
  {
    what: "is a minute ahead",
    stated: "2023-10-26T10:01:00Z",
    timeMs: NOW_MS + 60_000,
    eventTime: undefined,
    durationS: 3_660,
  },
  {
    what: "is further ahead",
    stated: "2023-10-26T10:01:01Z",
    timeMs: NOW_MS,
    eventTime: "2023-10-26T10:01:01Z",
    durationS: 3_600,
  },
  {
    what: "is in another time zone",
    stated: "2023-10-26T11:59:00+02:00",
    timeMs: NOW_MS - 60_000,
    eventTime: undefined,
    durationS: 3_540,
  },
  {
    what: "is earlier than the one before",
    stated: "2023-10-26T08:59:00Z",
    timeMs: NOW_MS,
    eventTime: "2023-10-26T08:59:00Z",
    durationS: 3_600,
  },
  {
    what: "is no time",
    stated: "yesterday",
    timeMs: NOW_MS - 5_000,
    eventTime: undefined,
    durationS: 3_595,
  },
  {
    what: "was never set",
    stated: "0001-01-01T00:00:00Z",
    timeMs: NOW_MS - 5_000,
    eventTime: undefined,
    durationS: 3_595,
  },
  {
    what: "did not move",
    stated: "2023-10-26T09:00:00Z",
    timeMs: NOW_MS - 5_000,
    eventTime: undefined,
    durationS: 3_595,
  },
])(
  "the time of a transition whose lastTransitionTime $what",
  ({ stated, timeMs, eventTime, durationS }) => {
    const after = withConditions(condition("True", { lastTransitionTime: stated }));

    const record = only(
      outcomeOf(withConditions(FALSE_AT_9), after, { writtenAtMs: NOW_MS - 5_000 }),
      "condition_changed",
    );

    expect(record.timeMs).toBe(timeMs);
    expect(record.attributes["lifeline.event_time"]).toBe(eventTime);
    expect(record.attributes["lifeline.duration"]).toBe(durationS);
  },
);

test("created long ago is told at the time observed, with the original beside it", () => {
  const record = only(
    interpret(
      appearance(database({ metadata: { creationTimestamp: "2023-10-25T10:00:00Z" } }), "created"),
      undefined,
    ),
    "created",
  );

  expect(record.timeMs).toBe(NOW_MS);
  expect(record.attributes["lifeline.event_time"]).toBe("2023-10-25T10:00:00Z");
});

// phase_changed

test.each([
  {
    before: { phase: "Pending" },
    after: { phase: "Ready" },
    told: ["Pending", "Ready"],
    body: "went from phase Pending to Ready",
  },
  {
    before: { state: "Pending" },
    after: { state: "Ready" },
    told: ["Pending", "Ready"],
    body: "went from phase Pending to Ready",
  },
  {
    before: {},
    after: { phase: "Ready" },
    told: [undefined, "Ready"],
    body: "entered phase Ready",
  },
  {
    before: { phase: "Ready" },
    after: { phase: "" },
    told: ["Ready", undefined],
    body: "left phase Ready",
  },
  {
    before: undefined,
    after: { phase: "Ready" },
    told: [undefined, "Ready"],
    body: "entered phase Ready",
  },
  {
    before: { phase: "A", state: "x" },
    after: { phase: "B", state: "x" },
    told: ["A", "B"],
    body: "went from phase A to B",
  },
])("phase_changed tells %j", ({ before, after, told, body }) => {
  const outcome = outcomeOf(database({ status: before }), database({ status: after }));

  const record = only(outcome, "phase_changed");
  expect([
    record.attributes["lifeline.previous_phase"],
    record.attributes["lifeline.phase"],
  ]).toEqual(told);
  expect(record.severity).toBe("INFO");
  expect(record.body).toContain(body);
  expect(actions(outcome)).not.toContain("status_updated");
});

test("a state beside a phase is status like any other", () => {
  const outcome = outcomeOf(
    database({ status: { phase: "A", state: "x" } }),
    database({ status: { phase: "A", state: "y" } }),
  );

  expect(actions(outcome)).toEqual(["status_updated"]);
});

test.each([{ phase: 3 }, { phase: { name: "x" } }, { state: ["x"] }])(
  "a phase that is no text (%j) is status like any other",
  (status) => {
    const told = actions(outcomeOf(database({ status: {} }), database({ status })));

    expect(told).toContain("status_updated");
    expect(told).not.toContain("phase_changed");
  },
);

test("phase_changed knows how long a phase held that it saw begin", () => {
  const pending = database({ status: { phase: "Pending" } });
  const ready = database({ status: { phase: "Ready" } });
  const first = interpret(
    changeBetween(database({ status: {} }), pending, { observedAtMs: NOW_MS - 90_000 }),
    undefined,
  );

  const second = interpret(changeBetween(pending, ready), first.memory);

  expect(only(first, "phase_changed").attributes).not.toHaveProperty("lifeline.duration");
  expect(only(second, "phase_changed").attributes["lifeline.duration"]).toBe(90);
  expect(only(second, "phase_changed").attributes["log.record.uid"]).toBe(
    sha256("uid-1\x001234\x00phase_changed\x00Ready").slice(0, 32),
  );
});

// health_changed

test.each([
  { phase: "Failed", health: "failed", severity: "ERROR" },
  { phase: "Degraded", health: "degraded", severity: "WARN" },
  { phase: "Provisioning", health: "progressing", severity: "INFO" },
])("health_changed to $health is $severity", ({ phase, health, severity }) => {
  const outcome = outcomeOf(
    database({ status: { phase: "Ready" } }),
    database({ status: { phase } }),
  );

  expect(outcome.health).toBe(health);
  expect(only(outcome, "health_changed")).toMatchObject({
    severity,
    attributes: {
      "lifeline.health": health,
      "lifeline.previous_health": "current",
      "log.record.uid": sha256(`uid-1\x001234\x00health_changed\x00${health}`).slice(0, 32),
    },
  });
  expect(outcome.memory.health).toEqual({ value: health, sinceMs: NOW_MS });
});

test("health_changed of a newborn object reckons from its creation", () => {
  const creationTimestamp = "2023-10-26T09:59:00Z";
  const born = database({ metadata: { creationTimestamp } });
  const ready = database({
    metadata: { creationTimestamp },
    status: { conditions: [condition("True", { lastTransitionTime: "2023-10-26T10:00:00Z" })] },
  });
  const { memory } = interpret(
    appearance(born, "created", { observedAtMs: NOW_MS - 59_500 }),
    undefined,
  );

  const record = only(interpret(changeBetween(born, ready), memory), "health_changed");

  expect(record.attributes["lifeline.duration"]).toBe(60);
});

const POD_KIND: KindFacts = { ...DATABASE_KIND, group: "", kind: "Pod", resource: "pods" };

function unschedulablePod(): KubeObject {
  return database({
    metadata: { creationTimestamp: "2023-10-26T09:59:50Z" },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    },
  });
}

test("elapsed re-assesses health, known by the generation for nobody wrote", () => {
  const pod = unschedulablePod();
  const first = interpret(appearance(pod, "created", { kind: POD_KIND }), undefined);
  const wakeAtMs = first.wakeAtMs ?? 0;

  const outcome = interpret(
    { type: "elapsed", kind: POD_KIND, observedAtMs: wakeAtMs, after: pod },
    first.memory,
  );

  expect(first.wakeAtMs).toBeGreaterThan(NOW_MS);
  expect(only(outcome, "health_changed")).toMatchObject({
    timeMs: wakeAtMs,
    attributes: {
      "lifeline.previous_health": "progressing",
      "log.record.uid": sha256("uid-1\x001\x00health_changed\x00failed").slice(0, 32),
    },
  });
  expect(outcome.memory.health).toEqual({ value: "failed", sinceMs: wakeAtMs });
});

test("elapsed says nothing when nothing differs", () => {
  const object = database({ status: { phase: "Ready" } });
  const memory = remembered(object);

  const outcome = interpret(
    { type: "elapsed", kind: DATABASE_KIND, observedAtMs: NOW_MS, after: object },
    memory,
  );

  expect(outcome.signals).toEqual([]);
  expect(outcome.memory).toBe(memory);
});

// deleting, deleted

test("deleting is told once, at the time of the request, with what it waits for", () => {
  const before = database({ metadata: { finalizers: ["example.com/backup"] } });
  const after = database({
    metadata: {
      generation: 2,
      finalizers: ["example.com/backup"],
      deletionTimestamp: "2023-10-26T10:00:30Z",
      deletionGracePeriodSeconds: 30,
    },
  });

  const outcome = outcomeOf(before, after);
  const again = interpret(
    changeBetween(after, { ...after, metadata: { ...after.metadata, finalizers: [] } }),
    outcome.memory,
  );

  expect(only(outcome, "deleting")).toMatchObject({
    severity: "INFO",
    timeMs: NOW_MS,
    body: "CustomDatabase default/my-app-db is being deleted, waiting for example.com/backup, at resourceVersion 1234",
    attributes: { "lifeline.finalizers": ["example.com/backup"] },
  });
  expect(actions(outcome)).toEqual(["deleting", "health_changed"]);
  expect(actions(again)).toEqual(["updated"]);
});

test("health_changed to terminating happened at the time of the request", () => {
  const before = database();
  const after = database({
    metadata: {
      generation: 2,
      deletionTimestamp: "2023-10-26T10:00:25Z",
      deletionGracePeriodSeconds: 30,
    },
  });

  const outcome = outcomeOf(before, after);

  expect(only(outcome, "health_changed")).toMatchObject({
    timeMs: NOW_MS - 5_000,
    attributes: { "lifeline.health": "terminating" },
  });
});

function disappearance(fields: Partial<Extract<Change, { type: "disappeared" }>> = {}): Change {
  return {
    type: "disappeared",
    kind: DATABASE_KIND,
    observedAtMs: NOW_MS,
    before: database({ metadata: { labels: { a: "b" } } }),
    cause: "deleted",
    finalStateUnknown: false,
    ...fields,
  };
}

test("deleted tells the last health, the age and the labels", () => {
  const memory: Memory = { version: 1, health: { value: "degraded" }, conditions: [], ticks: {} };

  const outcome = interpret(disappearance(), memory);

  expect(only(outcome, "deleted")).toMatchObject({
    severity: "INFO",
    timeMs: NOW_MS,
    body: "CustomDatabase default/my-app-db was deleted after 1 h, last seen degraded, at resourceVersion 1234",
  });
  expect(only(outcome, "deleted").attributes).toMatchObject({
    "lifeline.health": "degraded",
    "lifeline.age": 3_600,
    "lifeline.labels": '{"a":"b"}',
    "log.record.uid": sha256("uid-1\0deleted\0").slice(0, 32),
  });
  expect(only(outcome, "deleted").attributes).not.toHaveProperty("lifeline.final_state_unknown");
  expect(counts(outcome)).toEqual({ deleted: 1 });
});

test.each([
  { cause: "relist", body: "is gone, deleted while nobody looked, after 1 h" },
  { cause: "deleted", body: "was deleted or left the selection after 1 h" },
  { cause: "kind-gone", body: "is gone with its kind after 1 h" },
] as const)("deleted by $cause says so when the final state is unknown", ({ cause, body }) => {
  const record = only(
    interpret(disappearance({ cause, finalStateUnknown: true }), undefined),
    "deleted",
  );

  expect(record.attributes["lifeline.final_state_unknown"]).toBe(true);
  expect(record.body).toContain(body);
});

test("deleted has the same uid at whatever resourceVersion it is seen", () => {
  const [early, late] = ["1", "99"].map((resourceVersion) =>
    only(
      interpret(disappearance({ before: database({ metadata: { resourceVersion } }) }), undefined),
      "deleted",
    ),
  );

  expect(early?.attributes["log.record.uid"]).toBe(late?.attributes["log.record.uid"]);
});

// Counting and memory

test("one write counts each of its facts", () => {
  const before = database({
    status: {
      phase: "Ready",
      conditions: [condition("True"), condition("True", { type: "Available" })],
    },
  });
  const after = database({
    spec: {},
    status: {
      phase: "Failed",
      conditions: [condition("False"), condition("False", { type: "Available" })],
    },
  });

  expect(counts(outcomeOf(before, after))).toEqual({
    updated: 1,
    condition_changed: 2,
    phase_changed: 1,
    health_changed: 1,
  });
});

test.each([
  ["DEBUG", ["lifeline.object.status_updated"]],
  ["INFO", []],
] as const)("a status_updated counts at %s, too, where it is not made", (minimumSeverity, made) => {
  const change = changeBetween(database({ status: { a: 1 } }), database({ status: { a: 2 } }));

  const outcome = createInterpret({ minimumSeverity })(change, undefined);

  const told = outcome.signals.filter((signal) => signal.type === "log");
  expect(told.map(({ eventName }) => eventName)).toEqual(made);
  expect(counts(outcome)).toEqual({ status_updated: 1 });
});

test("cluster-scoped objects have no namespace anywhere", () => {
  const object: KubeObject = {
    ...database(),
    metadata: { name: "x", uid: "u", resourceVersion: "1" },
  };

  const outcome = createInterpret({})(appearance(object, "created"), undefined);

  expect(only(outcome, "created")).not.toHaveProperty("namespace");
  expect(only(outcome, "created").body).toBe("CustomDatabase x was created, at resourceVersion 1");
  expect(outcome.signals.at(-1)).toHaveProperty("attributes", {
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.group": "custom.example.com",
    action: "created",
  });
});

test("a lost memory starts from what the object looked like before", () => {
  const change = changeBetween(
    database({ status: { phase: "Ready" } }),
    database({ status: { phase: "Failed" } }),
  );
  const empty: Memory = { version: 1, conditions: [], ticks: {} };

  for (const memory of [undefined, empty]) {
    expect(
      only(interpret(change, memory), "health_changed").attributes["lifeline.previous_health"],
    ).toBe("current");
  }
});

test("the generation is remembered since the write that began it", () => {
  const before = database();
  const after = database({ metadata: { generation: 2 }, spec: {} });

  const { memory } = outcomeOf(before, after, { writtenAtMs: NOW_MS - 3_000 });

  expect(memory.generation).toEqual({ value: 2, sinceMs: NOW_MS - 3_000 });
});

test("where every write bumps the generation only a changed spec begins one", () => {
  const before = database({ data: { a: "1" } });
  const touched = database({ metadata: { generation: 2, labels: { a: "b" } }, data: { a: "1" } });
  const changed = database({ metadata: { generation: 2 }, data: { a: "2" } });

  expect(outcomeOf(before, touched, { kind: CONFIG_KIND }).memory.generation?.value).toBe(1);
  expect(outcomeOf(before, changed, { kind: CONFIG_KIND }).memory.generation?.value).toBe(2);
});

test("a write that moves nothing of what is remembered leaves the memory itself", () => {
  const before = withConditions(condition("True"));
  const memory = remembered(before);
  const after = withConditions(condition("True", { message: "still" }));

  const outcome = interpret(changeBetween(before, after), memory);

  expect(outcome.memory).toBe(memory);
});

test("the same Change and memory give the same outcome to the byte", () => {
  const change = changeBetween(
    withConditions(condition("True")),
    withConditions(condition("False")),
  );
  const memory = remembered(withConditions(condition("True")));

  expect(JSON.stringify(interpret(change, memory))).toBe(
    JSON.stringify(interpret(structuredClone(change), structuredClone(memory))),
  );
});
