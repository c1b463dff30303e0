import {
  type EncodeMetricsContext,
  encodeGauges,
  encodeHistograms,
  encodeSums,
  type GaugeObject,
  type HistogramPoint,
  type SumPoint,
} from "./encode-metrics.ts";
import { SpareWriters } from "./spare-writers.ts";
import type { SendResult, Transport } from "./transport.ts";

/** Delivers points, once: what can't be delivered now is not kept, the next export has newer ones. */
export interface MetricExporter {
  /** `unchanged`: only re-sent so that the series do not go stale; of no interest to people. */
  gauges(batch: GaugeBatch, signal: AbortSignal): Promise<SendResult>;
  sums(points: readonly SumPoint[], signal: AbortSignal): Promise<SendResult>;
  histograms(points: readonly HistogramPoint[], signal: AbortSignal): Promise<SendResult>;
}

export type GaugeBatch = {
  readonly objects: readonly GaugeObject[];
  readonly timeMs: number;
  readonly unchanged: boolean;
};

/** Over OTLP, one request in flight; what the collector finds too large is sent in halves. */
export function createOtlpMetricExporter(
  send: Transport,
  context: EncodeMetricsContext,
): MetricExporter {
  const writers = new SpareWriters();
  const lasting = { ...context, writers };
  const sendOne: Transport = async (body, signal) => {
    const result = await send(body, signal);
    writers.giveBackBody(body);
    return result;
  };
  return {
    gauges: ({ objects, timeMs }, signal) =>
      inHalves(objects, (some) =>
        sendAll(encodeGauges(some, { ...lasting, timeMs }), sendOne, signal),
      ),
    sums: (points, signal) =>
      inHalves(points, (some) => sendAll(encodeSums(some, lasting), sendOne, signal)),
    histograms: (points, signal) =>
      inHalves(points, (some) => sendAll(encodeHistograms(some, lasting), sendOne, signal)),
  };
}

async function sendAll(
  bodies: readonly Uint8Array[],
  send: Transport,
  signal: AbortSignal,
): Promise<SendResult> {
  let rejected = 0;
  let message = "";
  for (const body of bodies) {
    const result = await send(body, signal);
    if (result.type !== "accepted") return result;
    rejected += result.rejected;
    message ||= result.message;
  }
  return { type: "accepted", rejected, message };
}

async function inHalves<T>(
  items: readonly T[],
  send: (items: readonly T[]) => Promise<SendResult>,
): Promise<SendResult> {
  const result = await send(items);
  if (result.type !== "too-large") return result;
  // What is too large alone must not take the others with it.
  if (items.length < 2)
    return { type: "accepted", rejected: items.length, message: result.error.message };
  const middle = Math.ceil(items.length / 2);
  const first = await inHalves(items.slice(0, middle), send);
  if (first.type !== "accepted") return first;
  const second = await inHalves(items.slice(middle), send);
  if (second.type !== "accepted") return second;
  return {
    type: "accepted",
    rejected: first.rejected + second.rejected,
    message: first.message || second.message,
  };
}
