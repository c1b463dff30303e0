import { expect, test } from "vitest";
import { decodeLogs } from "./decode-logs.ts";
import { encodeLogs } from "./encode-logs.ts";

test("decodeLogs() reads back what encodeLogs() wrote", () => {
  const attributes = {
    "k8s.object.name": "größer",
    generation: 7,
    negative: -42,
    double: 1.5,
    flag: false,
    list: ["a", ""],
  };
  const request = encodeLogs(
    [
      {
        type: "log",
        eventName: "lifeline.object.updated",
        severity: "WARN",
        timeMs: 1_700_000_000_123,
        observedTimeMs: 1_700_000_000_456,
        body: "it changed",
        namespace: "default",
        attributes,
      },
    ],
    { resource: { "service.name": "s" }, scope: { name: "k", version: "1" } },
  );

  const records = decodeLogs(request);

  expect(records).toEqual([
    {
      timeMs: 1_700_000_000_123,
      severity: "WARN",
      eventName: "lifeline.object.updated",
      body: "it changed",
      resource: { "service.name": "s", "k8s.namespace.name": "default" },
      attributes,
    },
  ]);
});

test("decodeLogs() knows what is no request", () => {
  expect(decodeLogs(Buffer.from("12:00:00 INFO  created  Pod default/a\n"))).toBeUndefined();
});
