import { readFields } from "../../src/otlp/protobuf-reader.ts";
import { readExportRequest } from "../../src/testing/otlp-receiver/received.ts";

/** One record as it arrived: `bytes` (hex) is all of it, its resource included. */
export type ToldRecord = {
  readonly uid: string;
  readonly eventName: string;
  readonly objectUid: string;
  readonly bytes: string;
};

/** The records of log requests, in the order of arrival. */
export function readRecords(bodies: readonly Uint8Array[]): readonly ToldRecord[] {
  return bodies.flatMap((body) => {
    const raw = rawRecords(body);
    return readExportRequest("logs", body).records.map(({ eventName, attributes }, index) => ({
      uid: textOf(attributes["log.record.uid"]),
      eventName,
      objectUid: textOf(attributes["k8s.object.uid"]),
      bytes: raw[index] ?? "",
    }));
  });
}

/** `ResourceLogs` (1) ⊃ `Resource` (1), `ScopeLogs` (2) ⊃ `LogRecord` (2), in the order in which the decoder finds them. */
function rawRecords(body: Uint8Array): readonly string[] {
  return messagesAt(body, 1).flatMap((ofResource) => {
    const resource = messagesAt(ofResource, 1).map(hex).join("");
    return messagesAt(ofResource, 2)
      .flatMap((ofScope) => messagesAt(ofScope, 2))
      .map((record) => `${resource} ${hex(record)}`);
  });
}

function messagesAt(bytes: Uint8Array, number: number): readonly Uint8Array[] {
  return readFields(bytes).flatMap((field) =>
    field.number === number && field.type === "bytes" ? [field.value] : [],
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
