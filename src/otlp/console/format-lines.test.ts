import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { LogSignal, Point } from "../../lifecycle/signal.ts";
import { encodeLogLines, encodePointLines } from "./encode-lines.ts";
import { formatLogLine } from "./format-log-line.ts";
import { formatPointsLine } from "./format-points-line.ts";

/** 12:34:56 wherever the tests run. */
const TIME_MS = new Date(2026, 6, 1, 12, 34, 56).getTime();

const PLAIN = { color: false };

const RECORD: LogSignal = {
  type: "log",
  eventName: "lifeline.object.condition_changed",
  severity: "WARN",
  timeMs: TIME_MS,
  observedTimeMs: TIME_MS + 9_999_999,
  body: "CustomDatabase default/my-app-db became Ready=False (BackendDown) after 3 min, at resourceVersion 4711",
  namespace: "default",
  attributes: { "k8s.object.kind": "CustomDatabase", "k8s.object.name": "my-app-db" },
};

const UPDATE: LogSignal = {
  ...RECORD,
  eventName: "lifeline.object.updated",
  severity: "INFO",
  body: "CustomDatabase default/my-app-db was updated, at resourceVersion 4712",
  attributes: {
    ...RECORD.attributes,
    "lifeline.change.diff": JSON.stringify([
      { path: "metadata.generation", before: 1, after: 2 },
      { path: "spec.replicas", before: 2, after: 3 },
      { path: "spec.note", before: "x".repeat(80) },
      { path: "spec.tags", after: { team: "gold" } },
      { path: "spec.version", before: "15", after: "16" },
    ]),
    "lifeline.change.managers": ["kubectl/Apply", "operator/Update/status"],
  },
};

test("formatLogLine shows time, severity, event, object and what happened", () => {
  expect(formatLogLine(RECORD, PLAIN)).toBe(
    "12:34:56 WARN  condition      CustomDatabase default/my-app-db became Ready=False (BackendDown) after 3 min",
  );
});

test("formatLogLine shows the most telling differences and who made them", () => {
  const note = "x".repeat(24);

  expect(formatLogLine(UPDATE, PLAIN)).toBe(
    "12:34:56 INFO  updated        CustomDatabase default/my-app-db changed" +
      ` spec.replicas 2 → 3, spec.note ${note}… → –, spec.tags – → {"team":"gold"}, +1 more, by kubectl/Apply, operator/Update/status`,
  );
});

test("formatLogLine tells a collapsed record by its sentence, which says how many changes it stands for", () => {
  const collapsed = {
    ...UPDATE,
    body: "CustomDatabase default/my-app-db changed 40 times, in all spec.replicas 2 → 3, by kubectl/Apply, at resourceVersion 4712",
    attributes: { ...UPDATE.attributes, "lifeline.collapsed": 40 },
  };

  expect(formatLogLine(collapsed, PLAIN)).toBe(
    "12:34:56 INFO  updated        CustomDatabase default/my-app-db changed 40 times, in all spec.replicas 2 → 3, by kubectl/Apply",
  );
});

test("formatLogLine aligns what follows a short object", () => {
  const short = {
    ...RECORD,
    body: "Pod a/b is gone",
    namespace: "a",
    attributes: { "k8s.object.kind": "Pod", "k8s.object.name": "b" },
  };

  const line = formatLogLine(short, PLAIN);

  expect(line).toBe(`12:34:56 WARN  condition      ${"Pod a/b".padEnd(32)} is gone`);
});

test.each([
  ["no object", {}, ""],
  ["a kind alone", { "k8s.object.kind": "Database" }, "Database"],
  ["a cluster-scoped object", { "k8s.object.kind": "Node", "k8s.object.name": "n1" }, "Node n1"],
])("formatLogLine tells a record about %s", (_what, attributes, object) => {
  const { namespace: _default, ...signal } = { ...RECORD, body: "Synced 3 databases", attributes };

  const line = formatLogLine(signal, PLAIN);

  expect(line).toBe(`12:34:56 WARN  condition      ${object.padEnd(32)} Synced 3 databases`);
});

test.each(["{", "{}", "[1, null]", '[{"path":null}]', ""])(
  "formatLogLine copes with the diff %j",
  (diff) => {
    const line = formatLogLine(
      { ...UPDATE, attributes: { ...UPDATE.attributes, "lifeline.change.diff": diff } },
      PLAIN,
    );

    expect(line).toContain("was updated");
  },
);

test("a colored line says the same as a plain one", () => {
  const colored = formatLogLine(UPDATE, { color: true });

  expect(colored).not.toBe(formatLogLine(UPDATE, PLAIN));
  expect(stripVTControlCharacters(colored)).toBe(formatLogLine(UPDATE, PLAIN));
});

test.each([40, 60, 80, 120])(
  "a line cut at %i columns is no wider and ends its colours",
  (width) => {
    const line = formatLogLine(
      { ...UPDATE, body: `${UPDATE.body} größer 🎉` },
      { color: true, width },
    );

    const text = stripVTControlCharacters(line);
    expect(text).toHaveLength(width);
    expect(text.endsWith("…")).toBe(true);
    expect(line.endsWith("\u001B[0m")).toBe(true);
  },
);

test("wide characters take two columns of the width", () => {
  const line = formatLogLine({ ...RECORD, body: "日本".repeat(50) }, { color: false, width: 80 });

  const wide = line.match(/[日本]/g)?.length ?? 0;
  expect(line.length + wide).toBeLessThanOrEqual(80);
});

test("nothing in an object's data reaches the terminal as a control", () => {
  const evil = "\u001B[2J\u009Bx\u202E\r\n";
  const attributes = {
    "k8s.object.kind": evil,
    "k8s.object.name": evil,
    "lifeline.change.diff": JSON.stringify([{ path: evil, before: evil, after: { [evil]: evil } }]),
    "lifeline.change.managers": [evil],
  };
  const points: Point[] = ["health", "phase", "condition"].map((metric) => ({
    metric: `lifeline.object.${metric}`,
    unit: "",
    value: 1,
    attributes: { health: evil, phase: evil, condition: evil, status: evil },
  }));

  const lines = [
    formatLogLine({ ...RECORD, body: evil, namespace: evil, attributes }, PLAIN),
    formatPointsLine({ identity: attributes, points, ended: [] }, PLAIN),
  ].join("");

  // oxlint-disable-next-line no-control-regex -- they are what this is about
  expect(lines).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
  expect(lines).toContain("\\x1b[2J");
});

function point(metric: string, attributes: Point["attributes"] = {}, value = 1): Point {
  return { metric: `lifeline.object.${metric}`, unit: "", value, attributes };
}

const IDENTITY = {
  "k8s.object.kind": "CustomDatabase",
  "k8s.namespace.name": "default",
  "k8s.object.name": "my-app-db",
};

test("formatPointsLine shows what people look at and leaves out the rest", () => {
  const points = [
    point("info", { api_version: "v1" }),
    point("created_time", {}, 1_782_900_000),
    point("health", { health: "current" }),
    point("healthy"),
    point("phase", { phase: "Ready" }),
    point("condition", { condition: "Available", status: "True" }),
    point("condition.transition_time", { condition: "Available" }, 1_782_900_000),
    point("status.ready_replicas", {}, 3),
  ];

  expect(formatPointsLine({ identity: IDENTITY, points, ended: [] }, PLAIN)).toBe(
    "gauges  CustomDatabase default/my-app-db  health=current phase=Ready Available=True ready_replicas=3",
  );
});

test("formatPointsLine says that an object's series ended", () => {
  expect(
    formatPointsLine({ identity: IDENTITY, points: [], ended: [point("healthy")] }, PLAIN),
  ).toBe("gauges  CustomDatabase default/my-app-db  ended");
});

test("the console's encoders give one line each, ended by a line feed", () => {
  const decoder = new TextDecoder();

  const lines = decoder.decode(encodeLogLines([RECORD, UPDATE], PLAIN));
  const points = decoder.decode(
    encodePointLines([{ identity: IDENTITY, points: [], ended: [] }], PLAIN),
  );

  expect(lines).toBe(`${formatLogLine(RECORD, PLAIN)}\n${formatLogLine(UPDATE, PLAIN)}\n`);
  expect(points).toBe("gauges  CustomDatabase default/my-app-db  ended\n");
  expect(encodeLogLines([], PLAIN)).toHaveLength(0);
});
