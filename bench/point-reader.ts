/**
 * Reads the points of an `ExportMetricsServiceRequest` several times faster than src/testing's strict reader, which
 * keeps everything: a run has millions of points, and what is wanted is each one's series and value.
 */
export type ReadPoint = {
  readonly scope: string;
  readonly metric: string;
  readonly isGauge: boolean;
  /** Shared by points that have the same ones; of strings, as all attributes of gauges of objects are. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
  /** Flag NO_RECORDED_VALUE: the series ends here. */
  readonly isEnd: boolean;
};

type Span = { readonly bytes: Buffer; readonly from: number; readonly to: number };
/** `number` and `from`/`to` of one field; what a fixed or varint field holds is between them, too. */
type Visit = (field: number, value: Span) => void;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const NO_RECORDED_VALUE = 1;
/** Of message Metric: sums and histograms are counted, only gauges are read. */
const DATA_FIELDS: ReadonlySet<number> = new Set([5, 7, 9]);
const GAUGE = 5;
const HISTOGRAM = 9;

/** Calls `visit` with each point in the order of the message; throws on input that is cut or no such message. */
export function readPoints(bytes: Buffer, visit: (point: ReadPoint) => void): void {
  const known = new Map<string, Readonly<Record<string, string>>>();
  eachField({ bytes, from: 0, to: bytes.length }, (field, ofResource) => {
    if (field !== 1) return;
    eachField(ofResource, (inner, ofScope) => {
      if (inner === 2) readScope(ofScope, known, visit);
    });
  });
}

function readScope(
  ofScope: Span,
  known: Map<string, Readonly<Record<string, string>>>,
  visit: (point: ReadPoint) => void,
): void {
  let scope = "";
  eachField(ofScope, (field, value) => {
    if (field === 1)
      eachField(value, (inner, text) => {
        if (inner === 1) scope = utf8(text);
      });
    if (field !== 2) return;
    let metric = "";
    eachField(value, (inner, data) => {
      if (inner === 1) metric = utf8(data);
      if (!DATA_FIELDS.has(inner)) return;
      eachField(data, (ofData, point) => {
        if (ofData === 1)
          visit({
            scope,
            metric,
            isGauge: inner === GAUGE,
            ...(inner === HISTOGRAM ? NO_VALUE : readPoint(point, known)),
          });
      });
    });
  });
}

/** A histogram is a point that is counted, and no more: its fields have other numbers. */
const NO_VALUE = { attributes: {}, value: 0, isEnd: false };

function readPoint(
  point: Span,
  known: Map<string, Readonly<Record<string, string>>>,
): Pick<ReadPoint, "attributes" | "value" | "isEnd"> {
  const { bytes } = point;
  let [value, flags, raw] = [0, 0, ""];
  const pairs: Span[] = [];
  eachField(point, (field, span) => {
    if (field === 4) value = bytes.readDoubleLE(span.from);
    if (field === 6) value = Number(bytes.readBigInt64LE(span.from));
    if (field === 8) flags = bytes[span.from] ?? 0;
    if (field !== 7) return;
    pairs.push(span);
    raw += bytes.toString("latin1", span.from, span.to);
  });
  let attributes = known.get(raw);
  if (attributes === undefined) known.set(raw, (attributes = readAttributes(pairs)));
  return { attributes, value, isEnd: (flags & NO_RECORDED_VALUE) !== 0 };
}

function readAttributes(pairs: readonly Span[]): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const pair of pairs) {
    let key = "";
    eachField(pair, (field, value) => {
      if (field === 1) key = utf8(value);
      if (field === 2)
        eachField(value, (type, text) => {
          attributes[key] = type === 1 ? utf8(text) : `(type ${type})`;
        });
    });
  }
  return attributes;
}

function eachField({ bytes, from, to }: Span, visit: Visit): void {
  let at = from;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || at > to) throw new Error("Cannot read points: the input is cut");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < to) {
    const tag = varint();
    let start = at;
    switch (tag & 7) {
      case VARINT:
        varint();
        break;
      case FIXED64:
        at += 8;
        break;
      case FIXED32:
        at += 4;
        break;
      case DELIMITED: {
        const length = varint();
        start = at;
        at += length;
        break;
      }
      default:
        throw new Error(`Cannot read points: there is no wire type ${tag & 7}`);
    }
    if (at > to) throw new Error("Cannot read points: the input is cut");
    visit(tag >>> 3, { bytes, from: start, to: at });
  }
}

function utf8({ bytes, from, to }: Span): string {
  return bytes.toString("utf8", from, to);
}
