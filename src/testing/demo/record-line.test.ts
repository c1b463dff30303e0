import { expect, test } from "vitest";
import type { ReceivedRecord } from "../otlp-receiver/received.ts";
import { recordLine } from "./record-line.ts";

const RECORD: ReceivedRecord = {
  resource: { "k8s.namespace.name": "shop" },
  scope: { name: "kube-lifeline", version: "1" },
  timeUnixNano: 1_700_000_000_000_000_000n,
  observedTimeUnixNano: 1_700_000_000_000_000_000n,
  severityNumber: 9,
  severityText: "INFO",
  eventName: "lifeline.object.updated",
  body: "CustomDatabase shop/orders-db changed",
  attributes: {
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.name": "orders-db",
    "k8s.object.generation": 2n,
    "lifeline.change.diff": '[{"path":"spec.replicas","before":3,"after":5}]',
    "lifeline.change.managers": ["kubectl-edit/Update"],
  },
  droppedAttributesCount: 0,
  traceId: "",
  spanId: "",
  flags: 0,
};

test("recordLine shows severity, event, object, what changed and who did it, plain when asked", () => {
  const line = recordLine(RECORD, { color: false });

  expect(line).toMatch(/^\d\d:\d\d:\d\d INFO +updated +CustomDatabase shop\/orders-db/);
  expect(line).toContain("spec.replicas");
  expect(line).toContain("kubectl-edit/Update");
  expect(line).not.toContain("\u001B");
});

test("recordLine is coloured when asked", () => {
  expect(recordLine(RECORD, { color: true })).toContain("\u001B[");
});

test("recordLine shows what is not one of the program's events with its scope", () => {
  const own = {
    ...RECORD,
    eventName: "",
    severityText: "WARN",
    scope: { name: "kube-lifeline.self", version: "" },
    body: "Cannot watch",
  };

  expect(recordLine(own, { color: false })).toBe("WARN kube-lifeline.self: Cannot watch");
});
