import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { request } from "undici";
import { afterAll, beforeAll, expect } from "vitest";
import { AdminRequestError } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import type { ControlPlane } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import {
  connectSharedCluster,
  serverBinaries,
  serverTest,
  startCollector,
  startControlPlane,
} from "./testbed/real-servers.ts";
import { grantRights } from "./testbed/rights.ts";

const run = promisify(execFile);

const WIDGETS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.testbed.example.com}
spec:
  group: testbed.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: testbed.example.com/v1
kind: Widget
metadata: {name: first, namespace: default}
spec: {size: 3}
`;

const FIRST = {
  apiVersion: "testbed.example.com/v1",
  kind: "Widget",
  metadata: { name: "first", namespace: "default" },
};

let controlPlane: ControlPlane;
let collector: Collector;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  controlPlane = servers.use(await startControlPlane());
  collector = servers.use(await startCollector());
  await controlPlane.admin.applyYaml(WIDGETS);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("admin writes status through its subresource when the CRD has one", async () => {
  await controlPlane.admin.patchStatus(FIRST, { phase: "Ready" }, { fieldManager: "operator" });
  await controlPlane.admin.patch(FIRST, { spec: { size: 4 }, status: { phase: "ignored" } });

  const widget = await controlPlane.admin.get(FIRST);

  expect(widget).toMatchObject({
    spec: { size: 4 },
    status: { phase: "Ready" },
    metadata: { generation: 2 },
  });
  expect(widget.metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: "operator", subresource: "status" }),
  );
});

serverTest("compact() makes the API server forget what was before", async () => {
  const before = (await controlPlane.admin.get(FIRST)).metadata.resourceVersion;
  await controlPlane.admin.patch(FIRST, { spec: { size: 5 } });
  const path = `/apis/testbed.example.com/v1/widgets?resourceVersionMatch=Exact&limit=1&resourceVersion=${before}`;
  const remembered = await controlPlane.admin.status(path);

  await controlPlane.compact();

  // The newest server answers from its own cache for a moment.
  await controlPlane.restartApiServer();
  expect(remembered).toBe(200);
  expect(await controlPlane.admin.status(path)).toBe(410);
});

serverTest(
  "a restricted user may do what is granted, while it is granted, by token and by certificate",
  async () => {
    const rules = [
      { apiGroups: ["testbed.example.com"], resources: ["widgets"], verbs: ["get", "list"] },
    ];
    const users = ["restricted-1", "named-by-certificate"];

    const grants = await Promise.all(
      users.map((user) => grantRights(controlPlane.admin, user, { rules, namespace: "default" })),
    );
    const granted = await Promise.all(users.map(listWidgets));
    await Promise.all(grants.map((grant) => grant.revoke()));
    const revoked = await Promise.all(users.map(listWidgets));

    expect(granted).toEqual([
      "widget.testbed.example.com/first",
      "widget.testbed.example.com/first",
    ]);
    for (const answer of revoked) expect(answer).toContain("Forbidden");
  },
);

serverTest.for([["invalid-token"], ["expired-certificate"]] as const)(
  "the API server refuses %s",
  async ([credential]) => {
    const kubeconfig = await controlPlane.writeKubeconfig("restricted-2", { credential });

    const attempt = run(serverBinaries().kubectl, [
      "--kubeconfig",
      kubeconfig,
      "get",
      "namespaces",
    ]);

    await expect(attempt).rejects.toThrow(/Unauthorized|must be logged in/);
  },
);

serverTest(
  "objects and the client survive when the API server is killed and started again",
  async () => {
    const before = await controlPlane.admin.get(FIRST);

    await controlPlane.killApiServer();
    await expect(controlPlane.admin.get(FIRST)).rejects.toThrow("ECONNREFUSED");
    await controlPlane.startApiServer();

    const after = await controlPlane.admin.get(FIRST);
    expect(after).toEqual(before);
  },
);

serverTest(
  "admin says which request failed and with what status when the API server refuses it",
  async () => {
    const missing = { ...FIRST, metadata: { name: "nobody", namespace: "default" } };

    const failure: unknown = await controlPlane.admin.get(missing).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AdminRequestError);
    expect(failure).toMatchObject({
      status: 404,
      message: expect.stringContaining("/namespaces/default/widgets/nobody"),
    });
    expect(await controlPlane.admin.find(missing)).toBeUndefined();
  },
);

serverTest("the collector's file gives back what was sent, across a stop and a kill", async () => {
  await sendLog("one");
  await collector.stop();
  await expect(sendLog("lost")).rejects.toThrow("ECONNREFUSED");
  await collector.start();
  await sendLog("two");
  await eventually(() => expect(collector.received.logs()).toHaveLength(2));
  await collector.kill();
  await collector.start();
  await sendLog("three");

  const logs = await eventually(() => {
    const received = collector.received.logs();
    expect(received.map((log) => log.body)).toEqual(["one", "two", "three"]);
    return received;
  });

  expect(logs[0]).toMatchObject({
    requestIndex: 0,
    resource: { "service.name": "smoke" },
    scope: { name: "scope", version: "1" },
    eventName: "test.sent",
    severityNumber: 9,
    severityText: "INFO",
    timeUnixNano: 1_700_000_000_123_456_789n,
    observedTimeUnixNano: 1_700_000_001_000_000_000n,
    attributes: {
      list: ["a", 1, 2.5, true],
      map: { inner: "b" },
      big: 9_007_199_254_740_993n,
      empty: null,
    },
  });
});

serverTest(
  "the collector's file gives back data points, with the flag of a series that ended",
  async () => {
    const dataPoints = [
      {
        timeUnixNano: "5",
        asDouble: 0,
        attributes: [{ key: "name", value: { stringValue: "lives" } }],
      },
      {
        timeUnixNano: "6",
        flags: 1,
        attributes: [{ key: "name", value: { stringValue: "ended" } }],
      },
    ];
    const sum = {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [{ startTimeUnixNano: "1", timeUnixNano: "7", asInt: "42" }],
    };
    const metrics = [
      { name: "a.gauge", unit: "s", gauge: { dataPoints } },
      { name: "a.sum", unit: "{change}", sum },
    ];

    await post("/v1/metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

    const points = await eventually(() => {
      expect(collector.received.points()).toHaveLength(3);
      return collector.received.points();
    });
    expect(points).toMatchObject([
      {
        name: "a.gauge",
        unit: "s",
        kind: "gauge",
        value: 0,
        flags: 0,
        attributes: { name: "lives" },
        timeUnixNano: 5n,
      },
      { name: "a.gauge", kind: "gauge", value: undefined, flags: 1, attributes: { name: "ended" } },
      {
        name: "a.sum",
        kind: "sum",
        value: 42,
        isMonotonic: true,
        temporality: 2,
        startTimeUnixNano: 1n,
      },
    ]);
  },
);

serverTest("the shared control plane is one and the same whoever connects", async () => {
  await using first = await connectSharedCluster();
  await using second = await connectSharedCluster();

  await first.admin.createNamespace("testbed");

  expect(
    await second.admin.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: "testbed" } }),
  ).toBeDefined();
  expect(
    await controlPlane.admin.find({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "testbed" },
    }),
  ).toBeUndefined();
});

async function sendLog(body: string): Promise<void> {
  const attributes = [
    {
      key: "list",
      value: {
        arrayValue: {
          values: [
            { stringValue: "a" },
            { intValue: "1" },
            { doubleValue: 2.5 },
            { boolValue: true },
          ],
        },
      },
    },
    {
      key: "map",
      value: { kvlistValue: { values: [{ key: "inner", value: { stringValue: "b" } }] } },
    },
    { key: "big", value: { intValue: "9007199254740993" } },
    { key: "empty", value: {} },
  ];
  const record = {
    timeUnixNano: "1700000000123456789",
    observedTimeUnixNano: "1700000001000000000",
    severityNumber: 9,
    severityText: "INFO",
    eventName: "test.sent",
    body: { stringValue: body },
    attributes,
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "smoke" } }] };
  const scopeLogs = [{ scope: { name: "scope", version: "1" }, logRecords: [record] }];
  await post("/v1/logs", { resourceLogs: [{ resource, scopeLogs }] });
}

async function post(path: string, payload: unknown): Promise<void> {
  const { statusCode, body } = await request(`${collector.httpEndpoint}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload),
  });
  const answer = await body.text();
  if (statusCode !== 200)
    throw new Error(`Cannot send to the collector: it answered ${statusCode}: ${answer}`);
}

async function listWidgets(user: string): Promise<string> {
  const kubeconfig = await controlPlane.writeKubeconfig(user);
  const args = ["--kubeconfig", kubeconfig, "get", "widgets", "-n", "default", "-o", "name"];
  try {
    return (await run(serverBinaries().kubectl, args)).stdout.trim();
  } catch (error) {
    return String(error);
  }
}
