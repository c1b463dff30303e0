import { type ProtobufField, readFields } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** One request as the records that it holds, in their order. */
export type DividedRequest = {
  readonly records: number;
  /** A request of the records from `start` up to but without `end`, each with the bytes that it had. */
  readonly slice: (start: number, end: number) => Uint8Array;
};

type Part = {
  readonly resource: Group;
  readonly scope: Group;
  readonly record: Uint8Array;
};

/** A `ResourceLogs` or a `ScopeLogs` (or their like of spans) without what is repeated in it. */
type Group = { readonly others: readonly BytesField[] };

type BytesField = Extract<ProtobufField, { readonly type: "bytes" }>;

/**
 * Reads an `ExportLogsServiceRequest` or `ExportTraceServiceRequest` as far as where its records (spans) begin and end;
 * undefined if it is none.
 *
 * Every field of the three messages around a record is length-delimited, in all of OTLP 1.x.
 */
export function divideRequest(body: Uint8Array): DividedRequest | undefined {
  const parts = partsOf(body);
  return parts === undefined
    ? undefined
    : { records: parts.length, slice: (start, end) => join(parts.slice(start, end)) };
}

function partsOf(body: Uint8Array): readonly Part[] | undefined {
  try {
    return bytesFields(body).flatMap(({ value: ofResource }) => {
      const [resource, scopes] = groupOf(ofResource);
      return scopes.flatMap((ofScope) => {
        const [scope, records] = groupOf(ofScope);
        return records.map((record) => ({ resource, scope, record }));
      });
    });
  } catch {
    return undefined;
  }
}

/** Field 2 is what is repeated, in `ResourceLogs` as in `ScopeLogs`, and in their like of spans. */
function groupOf(message: Uint8Array): readonly [Group, readonly Uint8Array[]] {
  const fields = bytesFields(message);
  const others = fields.filter(({ number }) => number !== 2);
  return [{ others }, fields.filter(({ number }) => number === 2).map(({ value }) => value)];
}

function bytesFields(message: Uint8Array): readonly BytesField[] {
  return readFields(message).map((field) => {
    if (field.type !== "bytes")
      throw new RangeError(`Cannot divide: field ${field.number} is ${field.type}`);
    return field;
  });
}

function join(parts: readonly Part[]): Uint8Array {
  const writer = new ProtobufWriter(4096);
  for (const ofResource of runsOf(parts, (part) => part.resource)) {
    const resourceLogs = writer.begin(1);
    writeOthers(writer, ofResource[0]?.resource);
    for (const ofScope of runsOf(ofResource, (part) => part.scope)) {
      const scopeLogs = writer.begin(2);
      writeOthers(writer, ofScope[0]?.scope);
      for (const { record } of ofScope) writeBytes(writer, 2, record);
      writer.end(scopeLogs);
    }
    writer.end(resourceLogs);
  }
  return writer.finish();
}

/** Neighbours of the same group. */
function runsOf(
  parts: readonly Part[],
  groupOfPart: (part: Part) => Group,
): readonly (readonly Part[])[] {
  const runs: Part[][] = [];
  let last: Group | undefined;
  for (const part of parts) {
    const group = groupOfPart(part);
    if (group === last) runs.at(-1)?.push(part);
    else runs.push([part]);
    last = group;
  }
  return runs;
}

function writeOthers(writer: ProtobufWriter, group: Group | undefined): void {
  for (const { number, value } of group?.others ?? []) writeBytes(writer, number, value);
}

function writeBytes(writer: ProtobufWriter, field: number, bytes: Uint8Array): void {
  const mark = writer.begin(field);
  writer.append(bytes);
  writer.end(mark);
}
