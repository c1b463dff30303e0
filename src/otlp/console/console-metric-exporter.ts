import type { MetricExporter } from "../metric-exporter.ts";
import type { SendResult, Transport } from "../transport.ts";
import { encodePointLines } from "./encode-lines.ts";
import type { LineOptions } from "./line.ts";

const NOTHING: SendResult = { type: "accepted", rejected: 0, message: "" };

/** Gauges for people: a line per object that changed; what is only re-sent, and the sums and histograms, are for machines. */
export function createConsoleMetricExporter(send: Transport, options: LineOptions): MetricExporter {
  return {
    gauges: async ({ objects, unchanged }, signal) =>
      unchanged ? NOTHING : send(encodePointLines(objects, options), signal),
    sums: async () => NOTHING,
    histograms: async () => NOTHING,
  };
}
