import type { Attributes, Point } from "../lifecycle/signal.ts";
import {
  type EncodeContext,
  writeAttributes,
  writeResource,
  writeScope,
} from "./encode-attributes.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { SpareWriters } from "./spare-writers.ts";

/** What is to be said of one object at one time; an ended series' `value` is not looked at. */
export type GaugeObject = {
  readonly identity: Attributes;
  readonly points: readonly Point[];
  readonly ended: readonly Point[];
};

/** One series of a cumulative counter. `startMs` stays the same for as long as the count goes on. */
export type SumPoint = {
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly value: number;
  readonly startMs: number;
  readonly timeMs: number;
};

/** One series of a cumulative histogram; `counts` has one bucket more than there are `bounds`. */
export type HistogramPoint = Omit<SumPoint, "value"> & {
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
  readonly sum: number;
  readonly exemplar?: {
    readonly value: number;
    readonly timeMs: number;
    readonly traceId: string;
    readonly spanId: string;
  };
};

export type EncodeMetricsContext = EncodeContext & {
  /** Upper bound of one body; a single larger point still goes out, alone. */
  readonly maxBytes?: number;
  /** Of who encodes again and again: bodies are theirs to give back. */
  readonly writers?: SpareWriters;
};

/** A margin under 4 MiB, the collector's default limit (uncompressed). */
const DEFAULT_MAX_BYTES = 3 * 1024 * 1024;

/** `DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`: Prometheus makes it a staleness marker. */
const NO_RECORDED_VALUE = 1;

const CUMULATIVE = 2;

/** Tags and lengths around one `Metric`: five of up to six bytes, and the two fields of a sum. */
const METRIC_OVERHEAD_BYTES = 40;

/**
 * `ExportMetricsServiceRequest`s of gauge points, objects in the given order, points grouped by metric within a body.
 *
 * Values are doubles always, so that no series changes its number type; ended series become points without a value.
 */
export function encodeGauges(
  objects: readonly GaugeObject[],
  context: EncodeMetricsContext & { readonly timeMs: number },
): Uint8Array[] {
  const batch = new MetricBatch("gauge", context);
  const scratch = new ProtobufWriter();
  const shared = new SharedAttributes();
  for (const object of objects) {
    scratch.truncate(0);
    scratch.time(3, context.timeMs);
    writeAttributes(scratch, 7, object.identity);
    // The content of a `NumberDataPoint` that all points of an object share.
    const common = scratch.view();
    for (const point of object.ended)
      batch.add(point, (writer) => {
        writer.append(common);
        writer.append(shared.encoded(point.attributes));
        writer.uint(8, NO_RECORDED_VALUE);
      });
    for (const point of object.points)
      batch.add(point, (writer) => {
        writer.append(common);
        writer.append(shared.encoded(point.attributes));
        writer.double(4, point.value);
      });
  }
  return batch.finish();
}

/** Encodes attributes that many points have in common once. */
class SharedAttributes {
  readonly #encoded = new Map<Attributes, Uint8Array>();
  readonly #scratch = new ProtobufWriter();

  encoded(attributes: Attributes): Uint8Array {
    const known = this.#encoded.get(attributes);
    if (known !== undefined) return known;
    writeAttributes(this.#scratch, 7, attributes);
    const encoded = this.#scratch.finish();
    this.#encoded.set(attributes, encoded);
    return encoded;
  }
}

/**
 * `ExportMetricsServiceRequest`s of cumulative monotonic sums.
 *
 * As doubles like the gauges: Prometheus stores floats anyway, counts are exact up to 2^53, and a counter that one
 * day counts fractions doesn't change its number type.
 */
export function encodeSums(
  points: readonly SumPoint[],
  context: EncodeMetricsContext,
): Uint8Array[] {
  const batch = new MetricBatch("sum", context);
  for (const point of points) {
    batch.add(point, (writer) => {
      writer.time(2, point.startMs);
      writer.time(3, point.timeMs);
      writer.double(4, point.value);
      writeAttributes(writer, 7, point.attributes);
    });
  }
  return batch.finish();
}

/** `ExportMetricsServiceRequest`s of cumulative histograms with explicit bounds. */
export function encodeHistograms(
  points: readonly HistogramPoint[],
  context: EncodeMetricsContext,
): Uint8Array[] {
  const batch = new MetricBatch("histogram", context);
  for (const point of points) {
    batch.add(point, (writer) => {
      writer.time(2, point.startMs);
      writer.time(3, point.timeMs);
      writer.fixed64(
        4,
        point.counts.reduce((sum, count) => sum + count, 0),
      );
      writer.double(5, point.sum);
      writer.packedFixed64(6, point.counts);
      writer.packedDoubles(7, point.bounds);
      if (point.exemplar !== undefined) writeExemplar(writer, point.exemplar);
      writeAttributes(writer, 9, point.attributes);
    });
  }
  return batch.finish();
}

/** `Exemplar` (opentelemetry/proto/metrics/v1/metrics.proto). */
function writeExemplar(
  writer: ProtobufWriter,
  { value, timeMs, traceId, spanId }: NonNullable<HistogramPoint["exemplar"]>,
): void {
  const message = writer.begin(8);
  writer.time(2, timeMs);
  writer.double(3, value);
  writer.hex(4, spanId);
  writer.hex(5, traceId);
  writer.end(message);
}

/** The field of each kind of data in `Metric`. */
const DATA_FIELDS = { gauge: 5, sum: 7, histogram: 9 } as const;

/** What tells metrics apart; kinds may disagree about the unit of a status field. */
type MetricId = { readonly metric: string; readonly unit: string };

type Metric = { readonly name: string; readonly unit: string; readonly points: ProtobufWriter };

/** Gathers encoded points by metric and cuts a body whenever the next point would not fit. */
class MetricBatch {
  readonly #type: keyof typeof DATA_FIELDS;
  readonly #maxBytes: number;
  readonly #writers: SpareWriters;
  /** `Resource` and `InstrumentationScope`, each with its tag. */
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  readonly #bodies: Uint8Array[] = [];
  /** By name, then by unit. */
  #metrics = new Map<string, Map<string, Metric>>();
  #sizeBytes = 0;
  #pointCount = 0;

  constructor(type: keyof typeof DATA_FIELDS, context: EncodeMetricsContext) {
    this.#type = type;
    this.#maxBytes = context.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#writers = context.writers ?? new SpareWriters();
    const writer = new ProtobufWriter();
    writeResource(writer, context.resource);
    this.#resource = writer.finish();
    writeScope(writer, context.scope);
    this.#scope = writer.finish();
  }

  /** A point that no longer fits is taken back, and written again into the next body. */
  add(of: MetricId, write: (writer: ProtobufWriter) => void): void {
    const { points } = this.#metric(of);
    const start = points.length;
    const mark = points.begin(1);
    write(points);
    points.end(mark);
    this.#sizeBytes += points.length - start;
    this.#pointCount += 1;
    if (this.#bodyBytes() <= this.#maxBytes || this.#pointCount === 1) return;
    points.truncate(start);
    this.#cut();
    this.add(of, write);
  }

  finish(): Uint8Array[] {
    if (this.#pointCount > 0) this.#cut();
    return this.#bodies;
  }

  /** An upper bound: lengths are counted at their longest. */
  #bodyBytes(): number {
    return this.#sizeBytes + this.#resource.length + this.#scope.length + 12;
  }

  #metric(of: MetricId): Metric {
    let units = this.#metrics.get(of.metric);
    if (units === undefined) {
      units = new Map();
      this.#metrics.set(of.metric, units);
    }
    let metric = units.get(of.unit);
    if (metric === undefined) {
      metric = { name: of.metric, unit: of.unit, points: this.#writers.take() };
      units.set(of.unit, metric);
      this.#sizeBytes += headBytes(of);
    }
    return metric;
  }

  /** Lays `ResourceMetrics` ⊃ `ScopeMetrics` ⊃ `Metric` (opentelemetry/proto/metrics/v1/metrics.proto) around the points. */
  #cut(): void {
    const writer = this.#writers.takeForBody(this.#bodyBytes());
    const resourceMetrics = writer.begin(1);
    writer.append(this.#resource);
    const scopeMetrics = writer.begin(2);
    writer.append(this.#scope);
    for (const units of this.#metrics.values()) {
      for (const metric of units.values()) {
        this.#writeMetric(writer, metric);
        this.#writers.giveBack(metric.points);
      }
    }
    writer.end(scopeMetrics);
    writer.end(resourceMetrics);
    this.#bodies.push(writer.view());
    this.#metrics = new Map();
    this.#sizeBytes = 0;
    this.#pointCount = 0;
  }

  #writeMetric(writer: ProtobufWriter, metric: Metric): void {
    if (metric.points.length === 0) return;
    const message = writer.begin(2);
    writer.string(1, metric.name);
    if (metric.unit !== "") writer.string(3, metric.unit);
    const data = writer.begin(DATA_FIELDS[this.#type]);
    writer.append(metric.points.view());
    if (this.#type !== "gauge") writer.uint(2, CUMULATIVE);
    if (this.#type === "sum") writer.bool(3, true);
    writer.end(data);
    writer.end(message);
  }
}

/** An upper bound of what a metric adds to its body besides its points; UTF-8 takes at most 3 bytes per UTF-16 unit. */
function headBytes(of: MetricId): number {
  return METRIC_OVERHEAD_BYTES + (of.metric.length + of.unit.length) * 3;
}
