import { gunzipSync } from "node:zlib";
import {
  readExportRequest,
  type ReceivedPoint,
  type ReceivedRecord,
  type ReceivedSpan,
} from "../src/testing/otlp-receiver/received.ts";
import type { ReceivedBody } from "./otlp-sink.ts";
import { type ReadPoint, readPoints } from "./point-reader.ts";
import { placeKey, seriesKey } from "./series-key.ts";
import { spanLabel } from "./work-model.ts";

/** The value of a series' newest point, or that the newest one is its end marker. */
export type Reading = number | "ended";

/** What arrived, decoded. */
export type Tally = {
  /** By EventName. */
  readonly records: ReadonlyMap<string, number>;
  /** Values of `log.record.uid` that came more than once. */
  readonly repeatedUids: number;
  /** Records of the program about itself: WARN and above. */
  readonly complaints: readonly string[];
  /** By `spanLabel()`. */
  readonly spans: ReadonlyMap<string, number>;
  /** Spans whose ids came more than once. */
  readonly repeatedSpans: number;
  readonly points: number;
  /** By object, then by series. */
  readonly series: ReadonlyMap<string, ReadonlyMap<string, Reading>>;
  /** `OBJECT SERIES` of the end markers that came in the paced part. */
  readonly endedPaced: ReadonlySet<string>;
  /** Milliseconds from a change's writing to its record, in the paced part. */
  readonly delaysMs: readonly number[];
  /** What the program told of its event loop; undefined if it was over before it told anything. */
  readonly eventLoop: EventLoopFigures | undefined;
  /** What it told of its JavaScript heap, garbage included, in its order. */
  readonly heap: readonly HeapReading[];
  /** Compressed, as they came. */
  readonly bytes: number;
};

/** In milliseconds: the worst 99th percentile of 15 s each, and the longest time that the loop was ever kept. */
export type EventLoopFigures = { readonly p99Ms: number; readonly maxMs: number };

/** `receivedMs`: `performance.now()` of the bench. */
type HeapReading = { readonly bytes: number; readonly receivedMs: number };

/** When the paced part began, and when each of its changes was written, by resourceVersion. */
export type Paced = { readonly beganMs: number; readonly writtenMs: ReadonlyMap<string, number> };

const OWN_SCOPE = "kube-lifeline.self";
const OBJECT_GAUGES = "lifeline.object.";
const NOT_PACED: Paced = { beganMs: Number.POSITIVE_INFINITY, writtenMs: new Map() };

/** Decodes all that arrived, in its order. */
export function tally(bodies: readonly ReceivedBody[], paced: Paced = NOT_PACED): Tally {
  const count = new Count(paced);
  for (const { signal, body, receivedMs } of bodies) {
    count.bytes += body.length;
    const plain = gunzipSync(body);
    if (signal === "metrics") {
      if (plain.includes(OWN_SCOPE))
        count.ownPoints(readExportRequest(signal, plain).points, receivedMs);
      else readPoints(plain, (point) => count.point(point, receivedMs));
    } else {
      const { records, spans } = readExportRequest(signal, plain);
      for (const record of records) count.record(record, receivedMs);
      for (const span of spans) count.span(span);
    }
  }
  return count;
}

/** The least heap that was told from then on, which holds the least garbage; undefined if none was told. */
export function leastHeapBytes({ heap }: Pick<Tally, "heap">, fromMs: number): number | undefined {
  const told = heap.flatMap(({ bytes, receivedMs }) => (receivedMs < fromMs ? [] : [bytes]));
  return told.length === 0 ? undefined : Math.min(...told);
}

class Count implements Tally {
  readonly records = new Map<string, number>();
  readonly complaints: string[] = [];
  readonly series = new Map<string, Map<string, Reading>>();
  readonly endedPaced = new Set<string>();
  readonly delaysMs: number[] = [];
  readonly spans = new Map<string, number>();
  repeatedUids = 0;
  repeatedSpans = 0;
  points = 0;
  bytes = 0;
  eventLoop: EventLoopFigures | undefined;
  readonly heap: HeapReading[] = [];
  readonly #uids = new Set<unknown>();
  readonly #spanIds = new Set<string>();
  readonly #paced: Paced;
  /** One copy of each key in place of one per point. */
  readonly #keys = new Map<string, string>();

  constructor(paced: Paced) {
    this.#paced = paced;
  }

  record({ scope, eventName, attributes, body }: ReceivedRecord, receivedMs: number): void {
    if (scope.name === OWN_SCOPE) {
      this.complaints.push(JSON.stringify(body));
      return;
    }
    this.records.set(eventName, (this.records.get(eventName) ?? 0) + 1);
    const uid = attributes["log.record.uid"];
    if (this.#uids.has(uid)) this.repeatedUids++;
    this.#uids.add(uid);
    const version = attributes["k8s.object.resource_version"];
    const writtenMs = typeof version === "string" ? this.#paced.writtenMs.get(version) : undefined;
    if (writtenMs !== undefined) this.delaysMs.push(receivedMs - writtenMs);
  }

  span({ name, traceId, spanId, attributes }: ReceivedSpan): void {
    const label = spanLabel(name, attributes["lifeline.outcome"]);
    this.spans.set(label, (this.spans.get(label) ?? 0) + 1);
    const id = `${traceId} ${spanId}`;
    if (this.#spanIds.has(id)) this.repeatedSpans++;
    this.#spanIds.add(id);
  }

  ownPoints(points: readonly ReceivedPoint[], receivedMs: number): void {
    for (const { metric, attributes, value = 0 } of points) {
      if (metric === "lifeline.process.event_loop.delay")
        this.#eventLoopDelay(attributes["quantile"], value * 1000);
      if (metric === "lifeline.process.memory" && attributes["type"] === "heap_used")
        this.heap.push({ bytes: value, receivedMs });
    }
  }

  #eventLoopDelay(quantile: unknown, delayMs: number): void {
    const { p99Ms, maxMs } = this.eventLoop ?? { p99Ms: 0, maxMs: 0 };
    this.eventLoop = {
      p99Ms: quantile === "0.99" ? Math.max(p99Ms, delayMs) : p99Ms,
      maxMs: quantile === "1" ? Math.max(maxMs, delayMs) : maxMs,
    };
  }

  point({ metric, isGauge, attributes, value, isEnd }: ReadPoint, receivedMs: number): void {
    this.points++;
    if (!isGauge || !metric.startsWith(OBJECT_GAUGES)) return;
    const {
      "k8s.object.kind": kind = "",
      "k8s.object.group": group = "",
      "k8s.namespace.name": namespace = "",
      "k8s.object.name": name = "",
      ...rest
    } = attributes;
    const object = this.#single(placeKey({ kind, group, namespace, name }));
    const series = this.#single(seriesKey(metric, rest));
    let readings = this.series.get(object);
    if (readings === undefined) this.series.set(object, (readings = new Map()));
    readings.set(series, isEnd ? "ended" : value);
    if (isEnd && receivedMs >= this.#paced.beganMs) this.endedPaced.add(`${object} ${series}`);
  }

  #single(key: string): string {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, key);
    return key;
  }
}
