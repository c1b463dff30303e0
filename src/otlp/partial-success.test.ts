import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { expect, test } from "vitest";
import { exportResponse } from "../testing/otlp-receiver/responses.ts";
import { decodePartialSuccess } from "./partial-success.ts";
import { decodeRpcStatus } from "./rpc-status.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

test("decodePartialSuccess reads what the official deserializer reads", () => {
  const bytes = exportResponse({ rejected: 300, message: "too old" });

  const official = ProtobufLogsSerializer.deserializeResponse(bytes);
  expect(decodePartialSuccess(bytes)).toEqual({ rejected: 300, message: "too old" });
  expect(official.partialSuccess).toEqual({ rejectedLogRecords: 300, errorMessage: "too old" });
});

test.each([
  ["an empty response", [], { rejected: 0, message: "" }],
  ["an empty partial success", [0x0a, 0], { rejected: 0, message: "" }],
  ["a warning without rejections", [0x0a, 3, 0x12, 1, 0x78], { rejected: 0, message: "x" }],
  [
    "a negative count",
    [0x0a, 11, 0x08, ...Array.from({ length: 9 }, () => 0xff), 1],
    { rejected: 0, message: "" },
  ],
  ["a field of a later version", [0x50, 1, 0x0a, 2, 0x08, 5], { rejected: 5, message: "" }],
])("decodePartialSuccess reads %s", (_what, bytes, expected) => {
  expect(decodePartialSuccess(Uint8Array.from(bytes))).toEqual(expected);
});

test("decodePartialSuccess says that it can't read an answer and counts nothing", () => {
  const { rejected, message } = decodePartialSuccess(new TextEncoder().encode("<html>"));

  expect({ rejected, message }).toEqual({
    rejected: 0,
    message: "The answer of 6 bytes is not an OTLP response",
  });
});

test("decodeRpcStatus adds up seconds and nanoseconds, rounded up", () => {
  expect(decodeRpcStatus(statusWithDelay(1, 500_000_001))).toEqual({
    message: "busy",
    retryAfterMs: 1_501,
  });
});

test("decodeRpcStatus takes a negative delay as none", () => {
  expect(decodeRpcStatus(statusWithDelay(-5, 0))).toEqual({ message: "busy", retryAfterMs: 0 });
});

test("decodeRpcStatus ignores details of other types", () => {
  expect(
    decodeRpcStatus(statusWithDelay(1, 0, "type.googleapis.com/google.rpc.DebugInfo")),
  ).toEqual({ message: "busy" });
});

function statusWithDelay(
  seconds: number,
  nanos: number,
  type = "type.googleapis.com/google.rpc.RetryInfo",
): Uint8Array {
  const writer = new ProtobufWriter();
  writer.int(1, 14);
  writer.string(2, "busy");
  const any = writer.begin(3);
  writer.string(1, type);
  const info = writer.begin(2);
  const duration = writer.begin(1);
  writer.int(1, seconds);
  writer.int(2, nanos);
  writer.end(duration);
  writer.end(info);
  writer.end(any);
  return writer.finish();
}
