import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Span, TraceSignal } from "../../lifecycle/signal.ts";
import { formatTrace } from "./format-trace.ts";

const TRACE: TraceSignal = {
  type: "trace",
  traceId: "a".repeat(32),
  namespace: "default",
  spans: [
    span("CustomDatabase converge", [0, 20_000], {
      "k8s.object.kind": "CustomDatabase",
      "k8s.object.name": "my-app-db",
      "k8s.object.generation": 3,
      "lifeline.role": "converge",
      "lifeline.outcome": "current",
      "lifeline.health.reason": "Available",
      "lifeline.waiting_for": "Ready",
    }),
    span("observe", [0, 700], { "lifeline.stage": "observe" }),
    span("condition StorageReady", [1_000, 9_000], { "lifeline.stage": "condition" }),
    span("phase Provisioning \u001b[31m", [10_000, 20_000], { "lifeline.stage": "phase" }),
  ],
};

function span(
  name: string,
  [startMs, endMs]: readonly [number, number],
  attributes: Span["attributes"],
): Span {
  const isRoot = startMs === 0 && endMs === 20_000;
  return {
    spanId: name,
    ...(isRoot ? {} : { parentSpanId: "CustomDatabase converge" }),
    name,
    startMs,
    endMs,
    attributes,
    events: [],
    links: [],
  };
}

test("a trace is a waterfall, plain and always alike where there is no terminal", () => {
  const lines = formatTrace(TRACE, { color: false });

  expect(lines).toEqual([
    "trace CustomDatabase default/my-app-db converge generation 3 → current (Available), last Ready",
    `CustomDatabase converge       │${"━".repeat(59)}│ 20.0s`,
    `  observe                     │━━${" ".repeat(57)}│ 700ms`,
    `  condition StorageReady      │${" ".repeat(3)}${"━".repeat(24)}${" ".repeat(32)}│ 8.0s`,
    `  phase Provisioning \\x1b[31m │${" ".repeat(30)}${"━".repeat(29)}│ 10.0s`,
  ]);
});

test.each([40, 80, 132])(
  "on a terminal of %d columns no line is wider, and it has colours",
  (width) => {
    const lines = formatTrace(TRACE, { color: true, width });

    const plain = lines.map((line) => stripVTControlCharacters(line));
    expect(Math.max(...plain.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.slice(1).every((line) => line.includes("\u001b["))).toBe(true);
  },
);

test("what took no time is still to be seen", () => {
  const [root] = TRACE.spans;
  const instant = span("condition Ready", [20_000, 20_000], {});

  const lines = formatTrace({ ...TRACE, spans: [root, instant] }, { color: false });

  expect(lines.at(-1)).toMatch(/▏│ 0ms$/);
});

test("on a narrow terminal names give way, and bars and durations are still to be seen", () => {
  const [, ...bars] = formatTrace(TRACE, { color: false, width: 40 });

  expect(bars).toEqual([
    "CustomDatabase co… │━━━━━━━━━━│ 20.0s",
    "  observe          │▏         │ 700ms",
    "  condition Stora… │ ━━━━     │ 8.0s",
    "  phase Provision… │     ━━━━━│ 10.0s",
  ]);
});
