import { expect, test } from "vitest";
import { decodeRequest } from "./decode-request.ts";
import { encodeLogs } from "./encode-logs.ts";
import { encodeTraces } from "./encode-traces.ts";

test("decodeRequest() reads back what encodeLogs() wrote", () => {
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

  const records = decodeRequest(request, "logs");

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

test("decodeRequest() knows what is no request", () => {
  expect(
    decodeRequest(Buffer.from("12:00:00 INFO  created  Pod default/a\n"), "logs"),
  ).toBeUndefined();
});

test("decodeRequest() reads spans as records of when they began", () => {
  const span = {
    spanId: "b".repeat(16),
    name: "observe",
    startMs: 1_700_000_000_123,
    endMs: 1_700_000_000_456,
    attributes: { "lifeline.stage": "observe" },
    events: [],
    links: [],
  };
  const request = encodeTraces([{ type: "trace", traceId: "a".repeat(32), spans: [span] }], {
    resource: {},
    scope: { name: "k", version: "1" },
  });

  const records = decodeRequest(request, "traces");

  expect(records).toMatchObject([
    {
      timeMs: 1_700_000_000_123,
      eventName: "observe",
      body: `span of trace ${"a".repeat(32)}`,
      attributes: { "lifeline.stage": "observe" },
    },
  ]);
});
