import { Buffer } from "node:buffer";
import type { LogSignal, TraceSignal } from "../../lifecycle/signal.ts";
import type { GaugeObject } from "../encode-metrics.ts";
import { formatLogLine } from "./format-log-line.ts";
import { formatPointsLine } from "./format-points-line.ts";
import { formatTrace } from "./format-trace.ts";
import type { LineOptions } from "./line.ts";

/** What the console takes in place of `encodeLogs`: UTF-8 text, a line per record. */
export function encodeLogLines(signals: readonly LogSignal[], options: LineOptions): Uint8Array {
  return toBytes(signals.map((signal) => formatLogLine(signal, options)));
}

/** What the console takes in place of `encodeTraces`: UTF-8 text, a waterfall per trace. */
export function encodeTraceLines(traces: readonly TraceSignal[], options: LineOptions): Uint8Array {
  return toBytes(traces.flatMap((trace) => formatTrace(trace, options)));
}

/** What the console takes in place of `encodeGauges`: UTF-8 text, a line per object. */
export function encodePointLines(
  objects: readonly GaugeObject[],
  options: LineOptions,
): Uint8Array {
  return toBytes(objects.map((object) => formatPointsLine(object, options)));
}

function toBytes(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
}
