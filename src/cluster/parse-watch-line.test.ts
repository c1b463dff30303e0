import { expect, test } from "vitest";
import type { KindFacts } from "./kube-object.ts";
import { parseWatchLine, type WatchFrame } from "./parse-watch-line.ts";
import { KnownTries } from "./parse-without-tries.ts";

const FACTS: KindFacts = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};
const METADATA = { name: "a", namespace: "prod", uid: "u-1", resourceVersion: "7" };
const OBJECT = { apiVersion: "example.com/v1", kind: "Widget", metadata: METADATA, status: "text" };

function parse(line: string): WatchFrame {
  return parseWatchLine(line, FACTS, new KnownTries());
}

test.each([
  ["ADDED", "applied"],
  ["MODIFIED", "applied"],
  ["DELETED", "deleted"],
])("parseWatchLine() reads %s as %s", (type, meaning) => {
  const frame = parse(JSON.stringify({ type, object: OBJECT }));

  expect(frame).toEqual({ type: meaning, object: OBJECT });
});

test("parseWatchLine() reads a bookmark, which holds nothing but a resourceVersion", () => {
  const line = JSON.stringify({
    type: "BOOKMARK",
    object: {
      kind: "Widget",
      apiVersion: "example.com/v1",
      metadata: { resourceVersion: "12", creationTimestamp: null },
    },
  });

  const frame = parse(line);

  expect(frame).toEqual({ type: "bookmark", resourceVersion: "12", endsInitialEvents: false });
});

test("parseWatchLine() reads an ERROR with its code, reason and wait", () => {
  const object = {
    kind: "Status",
    status: "Failure",
    code: 429,
    reason: "TooManyRequests",
    message: "later",
    details: { retryAfterSeconds: 3, causes: [{ reason: "Queue" }, "nonsense"] },
  };

  const frame = parse(JSON.stringify({ type: "ERROR", object }));

  const status = {
    code: 429,
    reason: "TooManyRequests",
    message: "later",
    retryAfterMs: 3000,
    causes: ["Queue"],
  };
  expect(frame).toEqual({ type: "error", status });
});

test.each([
  ['{"type":"ADDED","object":{"kind":"Wid', /^it is not JSON \(at position \d+\)$/],
  ["<html>", /^it is not JSON$/],
  ["null", "it is not a JSON object"],
  ["[]", "it is not a JSON object"],
  ["{}", /its type is missing/],
  ['{"type":"RENAMED","object":{}}', /its type is "RENAMED"/],
  ['{"type":5}', /its type is 5/],
  ['{"type":"ADDED"}', "the object has no metadata"],
  ['{"type":"ADDED","object":null}', "the object has no metadata"],
  ['{"type":"ADDED","object":{"metadata":[]}}', "the object has no metadata"],
  [
    '{"type":"ADDED","object":{"metadata":{"uid":"u","resourceVersion":"1"}}}',
    "the object has no metadata.name",
  ],
  [
    '{"type":"ADDED","object":{"metadata":{"name":"","uid":"u","resourceVersion":"1"}}}',
    "the object has no metadata.name",
  ],
  [
    '{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}',
    "the object has no metadata.uid",
  ],
  [
    '{"type":"MODIFIED","object":{"metadata":{"name":"a","uid":"u","resourceVersion":1}}}',
    "the object has no metadata.resourceVersion",
  ],
  ['{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":""}}}', /bookmark has no/],
])(
  "B05 unknown-type, B06 object-without-metadata: parseWatchLine() finds %s unreadable",
  (line, problem) => {
    const frame = parse(line);

    expect(frame).toMatchObject({
      type: "unreadable",
      problem: expect.stringMatching(problem),
    });
  },
);

test.each([
  { annotations: { "k8s.io/initial-events-end": "true" }, expected: true },
  { annotations: { "k8s.io/initial-events-end": "false" }, expected: false },
  { annotations: { other: "true" }, expected: false },
  { annotations: null, expected: false },
])(
  "A02 watchlist-annotation-false: parseWatchLine() finds $annotations to end what exists: $expected",
  ({ annotations, expected }) => {
    const object = { metadata: { resourceVersion: "12", annotations } };

    const frame = parse(JSON.stringify({ type: "BOOKMARK", object }));

    expect(frame).toMatchObject({ type: "bookmark", endsInitialEvents: expected });
  },
);

test.each([
  { type: "ADDED", identity: { uid: "u", namespace: "prod" } },
  { type: "DELETED", identity: undefined },
])(
  "parseWatchLine() tells of an object of $type that can't be read who it is: $identity",
  ({ type, identity }) => {
    const object = { metadata: { uid: "u", namespace: "prod", resourceVersion: "1" } };

    const frame = parse(JSON.stringify({ type, object }));

    expect(frame.type === "unreadable" ? frame.identity : frame).toEqual(identity);
  },
);
