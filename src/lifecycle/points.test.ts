import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { database, DATABASE_KIND } from "../testing/kube-change.ts";
import { listPoints, objectPoints } from "./points.ts";
import type { Health } from "./health-words.ts";

/** `metric{attributes}` → value, in order. */
function series(
  object: KubeObject,
  health: Health = "current",
): readonly (readonly [string, number])[] {
  return listPoints(objectPoints(object, DATABASE_KIND, { health })).map(
    ({ metric, attributes, value }) => {
      const labels = Object.entries(attributes).map(([name, text]) => `${name}=${String(text)}`);
      return [
        metric.replace("lifeline.object.", "") +
          (labels.length === 0 ? "" : `{${labels.join(",")}}`),
        value,
      ];
    },
  );
}

test("objectPoints() gives each row of the table for the sample database", () => {
  const object = database({
    metadata: {
      generation: 2,
      creationTimestamp: "2023-10-26T09:00:00Z",
      deletionTimestamp: "2023-10-26T10:00:30Z",
      deletionGracePeriodSeconds: 30,
      ownerReferences: [
        {
          apiVersion: "example.com/v1",
          kind: "Application",
          name: "shop",
          uid: "o",
          controller: true,
        },
      ],
    },
    status: {
      phase: "Ready",
      observedGeneration: 1,
      observedVersion: "4.4",
      readyReplicas: 3,
      totalReplicas: 3,
      storageAllocatedGb: 50,
      connectionString: "mongodb://mydb-0.svc:27017",
      conditions: [
        { type: "Ready", status: "True", lastTransitionTime: "2023-10-26T10:00:00Z" },
        { type: "BackupEnabled", status: "False", lastTransitionTime: null },
      ],
    },
  });

  expect(series(object)).toEqual([
    ["info{api_version=custom.example.com/v1,owner_kind=Application,owner_name=shop}", 1],
    ["created_time", 1_698_310_800],
    ["deletion_time", 1_698_314_400],
    ["generation", 2],
    ["observed_generation", 1],
    ["condition{condition=BackupEnabled,status=False}", 1],
    ["condition{condition=Ready,status=True}", 1],
    ["condition.transition_time{condition=Ready}", 1_698_314_400],
    ["phase{phase=Ready}", 1],
    ["health{health=current}", 1],
    ["healthy", 1],
    ["status.ready_replicas", 3],
    ["status.storage_allocated_gb", 50],
    ["status.total_replicas", 3],
  ]);
});

test("objectPoints() says who the object is, without UID and version", () => {
  const { identity } = objectPoints(database(), DATABASE_KIND, {
    health: "current",
    clusterName: "prod-1",
  });

  expect(identity).toEqual({
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.group": "custom.example.com",
    "k8s.namespace.name": "default",
    "k8s.cluster.name": "prod-1",
    "k8s.object.name": "my-app-db",
  });
});

test("objectPoints() of a cluster-scoped object without a known cluster have neither", () => {
  const object: KubeObject = {
    ...database(),
    metadata: { name: "x", uid: "u", resourceVersion: "1" },
  };

  expect(Object.keys(objectPoints(object, DATABASE_KIND, { health: "current" }).identity)).toEqual([
    "k8s.object.kind",
    "k8s.object.group",
    "k8s.object.name",
  ]);
});

test("objectPoints() of the least of objects are info and health", () => {
  const object: KubeObject = {
    ...database(),
    metadata: { name: "x", uid: "u", resourceVersion: "1" },
  };

  expect(series(object, "unknown")).toEqual([
    ["info{api_version=custom.example.com/v1}", 1],
    ["health{health=unknown}", 1],
    ["healthy", 0],
  ]);
});

test.each([
  ["current", 1],
  ["suspended", 1],
  ["progressing", 0],
  ["degraded", 0],
  ["failed", 0],
  ["terminating", 0],
  ["unknown", 0],
] as const)("objectPoints() of a %s object have healthy %d", (health, healthy) => {
  expect(series(database(), health)).toContainEqual(["healthy", healthy]);
});

test("objectPoints() do not depend on the order of conditions, and of two of one type the first counts", () => {
  const [a, b, c] = [
    { type: "A", status: "True" },
    { type: "B", status: "True" },
    { type: "A", status: "False" },
  ];

  expect(series(database({ status: { conditions: [a, b] } }))).toEqual(
    series(database({ status: { conditions: [b, a] } })),
  );
  expect(series(database({ status: { conditions: [a, b, c] } })).map(([name]) => name)).toEqual(
    expect.arrayContaining([
      "condition{condition=A,status=True}",
      "condition{condition=B,status=True}",
    ]),
  );
  expect(
    series(database({ status: { conditions: [a, b, c] } })).map(([name]) => name),
  ).not.toContain("condition{condition=A,status=False}");
});

test("objectPoints() have units, and s for times in the status", () => {
  const { series: all } = objectPoints(
    database({ status: { lastBackupTime: "2023-10-26T02:04:10Z", jobs: 1 } }),
    DATABASE_KIND,
    { health: "current" },
  );

  const units = Object.fromEntries(all.map(({ metric, unit }) => [metric, unit]));
  expect(units).toEqual({
    "lifeline.object.info": "{object}",
    "lifeline.object.created_time": "s",
    "lifeline.object.generation": "{generation}",
    "lifeline.object.health": "{object}",
    "lifeline.object.healthy": "{object}",
    "lifeline.object.status.jobs": "",
    "lifeline.object.status.last_backup_time": "s",
  });
});
