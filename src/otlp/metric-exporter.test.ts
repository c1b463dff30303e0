import { expect, test } from "vitest";
import type { GaugeObject } from "./encode-metrics.ts";
import { createOtlpMetricExporter } from "./metric-exporter.ts";
import type { SendResult } from "./transport.ts";

const CONTEXT = { resource: {}, scope: { name: "test", version: "1" } };
const NEVER = new AbortController().signal;
const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };

function gauge(name: string): GaugeObject {
  const point = { metric: "m", unit: "", value: 1, attributes: {} };
  return { identity: { name }, points: [point], ended: [] };
}

const NAMES = ["a1", "b2", "c3", "d4"];

function holdsMany(body: string): boolean {
  return NAMES.filter((name) => body.includes(name)).length > 1;
}

/** An exporter whose receiver answers by what stands in the body. */
function exporterFor(answer: (body: string) => SendResult) {
  const bodies: string[] = [];
  const exporter = createOtlpMetricExporter(async (body) => {
    const text = Buffer.from(body).toString("latin1");
    bodies.push(text);
    return answer(text);
  }, CONTEXT);
  const send = (...names: readonly string[]): Promise<SendResult> =>
    exporter.gauges({ objects: names.map(gauge), timeMs: 1, unchanged: false }, NEVER);
  return { bodies, send };
}

test("gauges() sends what is too large in halves until it is taken", async () => {
  const { bodies, send } = exporterFor((body) =>
    holdsMany(body) ? { type: "too-large", error: new Error("4 MiB") } : ACCEPTED,
  );

  const result = await send(...NAMES);

  expect(result).toEqual(ACCEPTED);
  for (const name of NAMES)
    expect(bodies.filter((body) => body.includes(name) && !holdsMany(body))).toHaveLength(1);
});

test("gauges() counts an object that is too large alone as rejected, and sends the others", async () => {
  const { bodies, send } = exporterFor((body) =>
    body.includes("huge") ? { type: "too-large", error: new Error("4 MiB") } : ACCEPTED,
  );

  const result = await send("a1", "huge", "b2");

  expect(result).toEqual({ type: "accepted", rejected: 1, message: "4 MiB" });
  expect(bodies.some((body) => body.includes("b2") && !body.includes("huge"))).toBe(true);
});

test("gauges() answers with the first failure and sends nothing after it", async () => {
  const failure: SendResult = { type: "retryable", error: new Error("down") };
  const { bodies, send } = exporterFor(() => failure);

  const result = await send("a1", "b2");

  expect(result).toEqual(failure);
  expect(bodies).toHaveLength(1);
});

test("gauges() writes over the request before, whatever the answer to that", async () => {
  const buffers: ArrayBufferLike[] = [];
  const answers: SendResult[] = [
    { type: "retryable", error: new Error("down") },
    ACCEPTED,
    ACCEPTED,
  ];
  const exporter = createOtlpMetricExporter(async ({ buffer }) => {
    return answers[buffers.push(buffer) - 1] ?? ACCEPTED;
  }, CONTEXT);
  const batch = { objects: [gauge("a1")], timeMs: 1, unchanged: false };

  for (const _ of answers) await exporter.gauges(batch, NEVER);

  expect(buffers).toHaveLength(3);
  expect(new Set(buffers).size).toBe(1);
});
