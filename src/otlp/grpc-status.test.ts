import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { rpcStatus } from "../testing/otlp-receiver/responses.ts";
import { readGrpcStatus, resultOfStatus, statusOfHttp } from "./grpc-status.ts";

function resultOf(code: number, message = "", afterMs?: number): ReturnType<typeof resultOfStatus> {
  return resultOfStatus(
    { code, message, ...(afterMs === undefined ? {} : { afterMs }) },
    (what) => new Error(what),
  );
}

test.each([
  [1, "retryable"],
  [2, "refused"],
  [3, "refused"],
  [4, "retryable"],
  [5, "unwelcome"],
  [6, "refused"],
  [7, "unwelcome"],
  [8, "unwelcome"],
  [9, "refused"],
  [10, "retryable"],
  [11, "retryable"],
  [12, "unwelcome"],
  [13, "refused"],
  [14, "retryable"],
  [15, "retryable"],
  [16, "unwelcome"],
  [99, "refused"],
])("status %i is %s, as the OTLP specification says", (code, type) => {
  expect(resultOf(code).type).toBe(type);
});

test("RESOURCE_EXHAUSTED is retryable with RetryInfo, even at once, and even about sizes", () => {
  expect(resultOf(8, "quota", 2_500)).toMatchObject({ type: "retryable", afterMs: 2_500 });
  expect(resultOf(8, "message larger than max", 0)).toMatchObject({
    type: "retryable",
    afterMs: 0,
  });
});

test.each([
  ["grpc: received message larger than max (5000000 vs. 4194304)", "too-large"],
  ["grpc: received message after decompression larger than max 4194304", "too-large"],
  ["Received message larger than max (123 vs 100)", "too-large"],
  ["gRPC message exceeds maximum size 4194304: 4194310", "too-large"],
  ["request too large", "too-large"],
  ["sending queue is full", "unwelcome"],
  ["quota exceeded for project", "unwelcome"],
  ["", "unwelcome"],
])("RESOURCE_EXHAUSTED %j without RetryInfo is %s", (message, type) => {
  expect(resultOf(8, message).type).toBe(type);
});

test("RetryInfo counts with any retryable status", () => {
  expect(resultOf(14, "", 700)).toMatchObject({ type: "retryable", afterMs: 700 });
});

test("readGrpcStatus decodes the message and the details", () => {
  const details = Buffer.from(rpcStatus(14, "busy", 3)).toString("base64");

  const status = readGrpcStatus({
    "grpc-status": "14",
    "grpc-message": "zu%20voll%3A%20%E2%82%AC",
    "grpc-status-details-bin": details,
  });

  expect(status).toEqual({ code: 14, message: "zu voll: €", afterMs: 3_000 });
});

test.each([
  ["no status", {}, undefined],
  ["a number, as node:http2 may give it", { "grpc-status": 0 }, { code: 0, message: "" }],
  ["a status that is none", { "grpc-status": "teapot" }, { code: 2, message: "" }],
  [
    "a message that is badly encoded",
    { "grpc-status": "2", "grpc-message": "100% wrong" },
    { code: 2, message: "100% wrong" },
  ],
  [
    "details that are none",
    { "grpc-status": "8", "grpc-status-details-bin": "////" },
    { code: 8, message: "" },
  ],
  [
    "details without padding",
    { "grpc-status": "8", "grpc-status-details-bin": "CAg" },
    { code: 8, message: "" },
  ],
])("readGrpcStatus copes with %s", (_what, fields, expected) => {
  expect(readGrpcStatus(fields)).toEqual(expected);
});

test.each([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
  [500, 2],
  [302, 2],
])("HTTP %i maps to gRPC status %i", (http, code) => {
  expect(statusOfHttp(http)).toBe(code);
});
