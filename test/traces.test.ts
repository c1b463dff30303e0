import { afterAll, beforeAll, expect } from "vitest";
import type { KubeObject } from "../src/cluster/kube-object.ts";
import { drawTrace } from "../src/testing/draw-trace.ts";
import { fieldAt } from "../src/util/json.ts";
import { sha256 } from "../src/util/sha256.ts";
import { toError } from "../src/util/to-error.ts";
import type { AdminClient, NewObject } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import type { SpanEntry } from "./testbed/otlp-json.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import {
  serverTest,
  startCollector,
  startControllerManager,
  startControlPlane,
} from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";
import { HELD, startTestKubelet } from "./traces/test-kubelet.ts";

const NAMESPACE = "traces";
/** Two rounds of Pods that take some 3 s each, on a busy machine. */
const PATIENCE = { timeoutMs: 40_000 };
/** Kubernetes' own times are whole seconds, cut; and between the condition and the last write of the status there may be another second. */
const TRANSITION_WITHIN_MS = 5_000;

const stack = new AsyncDisposableStack();
let admin: AdminClient;
let collector: Collector;
let env: Record<string, string>;
let lifeline: Lifeline;
let stateDir: string;

beforeAll(async () => {
  const cluster = stack.use(await startControlPlane());
  ({ admin } = cluster);
  collector = stack.use(await startCollector());
  stack.use(await startControllerManager(cluster));
  await admin.createNamespace(NAMESPACE);
  ({ path: stateDir } = stack.use(await createTemporaryDirectory("state")));
  env = {
    ...(await withPrintedRoles(cluster, {
      LIFELINE_RESOURCES: "deployments.apps,replicasets.apps,statefulsets.apps,jobs.batch,pods",
      LIFELINE_NAMESPACES: NAMESPACE,
    })),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  };
  lifeline = await startLifeline({ env, stateDir });
  stack.use(startTestKubelet(admin, NAMESPACE));
}, 120_000);

afterAll(async () => {
  await lifeline?.[Symbol.asyncDispose]();
  await stack.disposeAsync();
});

const TEMPLATE = {
  metadata: { labels: { app: "x" } },
  spec: { containers: [{ name: "main", image: "example.com/none" }] },
};

function workload(kind: string, name: string, spec: Readonly<Record<string, unknown>>): NewObject {
  const labels = { app: name };
  const template = { ...TEMPLATE, metadata: { labels } };
  return {
    apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ...(kind === "Job" ? {} : { selector: { matchLabels: labels } }),
      template:
        kind === "Job"
          ? { ...template, spec: { ...template.spec, restartPolicy: "Never" } }
          : template,
      ...spec,
    },
  };
}

function traceIdOf({ metadata: { uid } }: KubeObject, role: string, generation: number): string {
  const parts = ["lifeline/trace", uid, role, String(generation), "0"];
  return sha256(parts.join("\0")).slice(0, 32);
}

/** Waits for a trace, and draws it: what is expected of it is expected of the drawing, so that a failure shows it. */
async function traceOf(traceId: string): Promise<readonly SpanEntry[]> {
  return await eventually(() => {
    const spans = collector.received.spans().filter((span) => span.traceId === traceId);
    if (spans.length === 0) throw new Error(`No trace ${traceId} yet; there are:\n${drawAll()}`);
    return spans;
  }, PATIENCE);
}

async function traceOfRecovery({ traceId }: SpanEntry): Promise<readonly SpanEntry[]> {
  return await eventually(() => {
    const spans = collector.received.spans();
    const root = spans.find(
      ({ name, links }) =>
        name.endsWith(" disruption") && links.some((link) => link.traceId === traceId),
    );
    if (root === undefined) throw new Error(`No recovery yet; there are:\n${drawAll()}`);
    return spans.filter((span) => span.traceId === root.traceId);
  }, PATIENCE);
}

function drawAll(): string {
  const byTrace = Map.groupBy(collector.received.spans(), ({ traceId }) => traceId);
  return [...byTrace]
    .map(([id, spans]) => `${id} ${nameOf(spans)}\n${drawTrace(spans)}`)
    .join("\n");
}

function nameOf(spans: readonly SpanEntry[]): string {
  const name = spans[0]?.attributes["k8s.object.name"];
  return typeof name === "string" ? name : "";
}

/** Without the times, and without how often controllers changed their minds, which no two runs share. */
function shapeOf(spans: readonly SpanEntry[]): string {
  return drawTrace(spans).replaceAll(/ \d+–\d+| \(\d+ events\)/g, "");
}

function rootOf(spans: readonly SpanEntry[]): SpanEntry {
  const root = spans.find(({ parentSpanId }) => parentSpanId === "");
  if (root === undefined) throw new Error(`No root among\n${drawTrace(spans)}`);
  return root;
}

function expectWithinRoot(spans: readonly SpanEntry[]): void {
  const root = rootOf(spans);
  const outside = spans.filter(
    ({ startMs, endMs }) => startMs < root.startMs || endMs > root.endMs || endMs < startMs,
  );
  shown(spans, () => expect(outside).toEqual([]));
}

/** Whatever fails in it says what the trace looks like. */
function shown(spans: readonly SpanEntry[], check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new Error(`${toError(cause).message}\nThe trace is\n${drawTrace(spans)}`, { cause });
  }
}

/** A condition's lastTransitionTime, by the cluster's own clock. */
function transitionMs(object: KubeObject, type: string): number {
  const conditions = fieldAt(object, "status", "conditions");
  const found = Array.isArray(conditions)
    ? conditions.find((condition) => fieldAt(condition, "type") === type)
    : undefined;
  return Date.parse(String(fieldAt(found, "lastTransitionTime")));
}

serverTest("a Deployment's creation and its rollout are traces of their own", async () => {
  const created = await admin.create(workload("Deployment", "web", { replicas: 2 }));
  const first = await traceOf(traceIdOf(created, "converge", 1));
  const second = {
    spec: { template: { metadata: { annotations: { round: "two" } } } },
  };
  await admin.patch(created, second, { fieldManager: "release-bot" });

  const rollout = await traceOf(traceIdOf(created, "converge", 2));

  expect(shapeOf(first)).toContain("Deployment converge current Available\n  observe");
  expect(shapeOf(first)).toMatch(/\n {2}condition Available/);
  expect(shapeOf(first)).toContain("\n  child ReplicaSet\n    child Pod\n    child Pod");
  expect(rootOf(first).attributes).toMatchObject({
    "lifeline.outcome": "current",
    "k8s.deployment.name": "web",
    "k8s.object.generation": 1,
    "lifeline.change.managers": ["testbed/Update"],
  });
  expect(shapeOf(rollout)).toMatch(/^Deployment converge current/);
  const replaced = rollout.filter(({ attributes }) => attributes["lifeline.gone"] === true);
  shown(rollout, () => expect(replaced.map(({ name }) => name)).toContain("child Pod"));
  expect(rootOf(rollout).attributes).toMatchObject({
    "k8s.object.generation": 2,
    "lifeline.change.managers": ["release-bot/Update"],
  });
  for (const spans of [first, rollout]) expectWithinRoot(spans);
  const available = transitionMs(await admin.get(created), "Available");
  const { endMs, startMs } = rootOf(first);
  shown(first, () => {
    expect(endMs - available).toBeGreaterThanOrEqual(0);
    expect(endMs - available).toBeLessThan(TRANSITION_WITHIN_MS);
    expect(endMs - startMs).toBeGreaterThan(2_000);
  });
});

serverTest(
  "a Deployment that failed and recovers has a trace of that, linked to the failure",
  async () => {
    const labels = { app: "late", [HELD]: "" };
    const created = await admin.create(
      workload("Deployment", "late", {
        progressDeadlineSeconds: 1,
        template: { ...TEMPLATE, metadata: { labels } },
      }),
    );
    const failure = await traceOf(traceIdOf(created, "converge", 1));
    const pods = await admin.list({ apiVersion: "v1", kind: "Pod", namespace: NAMESPACE });
    const held = pods.filter(({ metadata }) => metadata.name.startsWith("late-"));
    for (const pod of held) await admin.patch(pod, { metadata: { labels: { [HELD]: null } } });

    const recovery = await traceOfRecovery(rootOf(failure));

    expect(shapeOf(failure)).toMatch(/^Deployment converge failed Available\n/);
    expect(rootOf(failure)).toMatchObject({ statusCode: 2, statusMessage: expect.any(String) });
    expect(shapeOf(recovery)).toMatch(/^Deployment disruption current Available\n/);
    expect(rootOf(recovery).startMs).toBe(rootOf(failure).endMs);
    expectWithinRoot(recovery);
  },
);

serverTest(
  "an owner's trace has a span for each child, linked to the child's own trace",
  async () => {
    const created = await admin.create(workload("Deployment", "family", { replicas: 1 }));

    const spans = await traceOf(traceIdOf(created, "converge", 1));

    const child = spans.find(({ name }) => name === "child Pod");
    const ofChild = await traceOf(child?.links[0]?.traceId ?? "");
    expect(rootOf(ofChild)).toMatchObject({
      name: "Pod converge",
      spanId: child?.links[0]?.spanId,
      attributes: { "k8s.object.uid": child?.attributes["k8s.object.uid"] },
    });
    expectWithinRoot(spans);
  },
);

serverTest(
  "a StatefulSet's Pods come one after the other, and its trace waits for the last",
  async () => {
    const created = await admin.create(
      workload("StatefulSet", "data", { replicas: 2, serviceName: "data" }),
    );

    const spans = await traceOf(traceIdOf(created, "converge", 1));

    expect(shapeOf(spans)).toMatch(/^StatefulSet converge current\n {2}observe/);
    expectWithinRoot(spans);
    const pods = await admin.list({ apiVersion: "v1", kind: "Pod", namespace: NAMESPACE });
    const ready = pods
      .filter(({ metadata }) => metadata.name.startsWith("data-"))
      .map((pod) => transitionMs(pod, "Ready"));
    expect(ready).toHaveLength(2);
    shown(spans, () => expect(rootOf(spans).endMs).toBeGreaterThanOrEqual(Math.max(...ready)));
  },
);

serverTest("a Job's trace ends when it is complete, and its Pod's when that runs", async () => {
  const created = await admin.create(workload("Job", "once", {}));

  const spans = await traceOf(traceIdOf(created, "converge", 1));

  expect(shapeOf(spans)).toMatch(/^Job converge current Complete\n/);
  expectWithinRoot(spans);
  const pods = await admin.list({ apiVersion: "v1", kind: "Pod", namespace: NAMESPACE });
  const pod = pods.find(({ metadata }) => metadata.name.startsWith("once-"));
  if (pod === undefined) throw new Error("The Job has no Pod");
  const ofPod = await traceOf(traceIdOf(pod, "converge", 1));
  expect(shapeOf(ofPod)).toMatch(/^Pod converge current (?:Ready|ContainersReady|Initialized)\n/);
});

serverTest(
  "a restart in the middle loses nothing of a trace, and records have its id from the first one on",
  async () => {
    const created = await admin.create(workload("Deployment", "later", { replicas: 1 }));
    const traceId = traceIdOf(created, "converge", 1);
    const records = (): readonly string[] =>
      collector.received
        .logs()
        .filter(({ attributes }) => attributes["k8s.object.uid"] === created.metadata.uid)
        .map((record) => record.traceId);
    await eventually(() => expect(records()).toContain(traceId), PATIENCE);
    lifeline.kill("SIGKILL");
    await lifeline.exited;
    await lifeline[Symbol.asyncDispose]();
    lifeline = await startLifeline({ env, stateDir });

    const spans = await traceOf(traceId);

    expect(shapeOf(spans)).toMatch(/^Deployment converge current Available\n/);
    expectWithinRoot(spans);
    expect(new Set(records())).toEqual(new Set([traceId]));
    const available = transitionMs(await admin.get(created), "Available");
    shown(spans, () =>
      expect(Math.abs(rootOf(spans).endMs - available)).toBeLessThan(TRANSITION_WITHIN_MS),
    );
  },
);

serverTest(
  "a deletion is a trace of its own, by its finalizers, linked to what it ended",
  async () => {
    const held = workload("Deployment", "held", { replicas: 0 });
    const created = await admin.create({
      ...held,
      metadata: { ...held.metadata, finalizers: ["example.com/hold"] },
    });
    const converge = await traceOf(traceIdOf(created, "converge", 1));
    await admin.delete(created);
    await admin.patch(created, [{ op: "remove", path: "/metadata/finalizers/0" }]);

    const spans = await traceOf(traceIdOf(created, "delete", 2));

    expect(shapeOf(spans)).toBe("Deployment delete deleted\n  finalizer example.com/hold");
    expectWithinRoot(spans);
    expect(rootOf(spans).links).toEqual([
      expect.objectContaining({ traceId: converge[0]?.traceId, spanId: rootOf(converge).spanId }),
    ]);
  },
);
