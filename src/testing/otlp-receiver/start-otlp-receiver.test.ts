import { gzipSync } from "node:zlib";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../fake-clock.ts";
import {
  type OtlpReceiver,
  type OtlpReceiverOptions,
  startOtlpReceiver,
} from "./start-otlp-receiver.ts";

const LOGS_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const LOGS = logsBody("hello");

function logsBody(body: string): Buffer {
  const bytes = ProtobufLogsSerializer.serializeRequest([
    {
      hrTime: [1, 0],
      hrTimeObserved: [2, 0],
      body,
      attributes: {},
      droppedAttributesCount: 0,
      resource: resourceFromAttributes({}),
      instrumentationScope: { name: "test" },
    },
  ]);
  return Buffer.from(bytes ?? new Uint8Array());
}

async function startReceiver(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver(options);
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return receiver;
}

function post(
  receiver: OtlpReceiver,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${receiver.httpUrl}/v1/logs`, {
    method: "POST",
    body: new Uint8Array(body),
    headers: { "content-type": "application/x-protobuf", ...headers },
  });
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

/** The answer's bytes in hex, or the error. */
function callGrpc(receiver: OtlpReceiver, body: Buffer): Promise<string | ServiceError> {
  const client = new Client(new URL(receiver.grpcUrl).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  const metadata = new Metadata();
  metadata.set("x-tenant", "a");
  return new Promise((resolve) => {
    client.makeUnaryRequest(LOGS_METHOD, identity, identity, body, metadata, (error, response) => {
      resolve(error ?? (response ?? Buffer.alloc(0)).toString("hex"));
    });
  });
}

test("the receiver keeps what comes over HTTP, plain and gzip", async () => {
  const seen: number[] = [];
  const receiver = await startReceiver({ onExport: ({ records }) => seen.push(records.length) });

  const plain = await post(receiver, LOGS);
  const packed = await post(receiver, gzipSync(logsBody("packed")), { "content-encoding": "gzip" });

  expect([plain.status, packed.status]).toEqual([200, 200]);
  expect(await plain.bytes()).toHaveLength(0);
  expect(receiver.records().map(({ body }) => body)).toEqual(["hello", "packed"]);
  expect(receiver.requests().map(({ signal, protocol }) => `${signal} ${protocol}`)).toEqual([
    "logs http",
    "logs http",
  ]);
  expect(Buffer.from(receiver.requests()[1]?.body ?? [])).toEqual(logsBody("packed"));
  expect(seen).toEqual([1, 1]);
});

test("the receiver keeps what comes over gRPC, with its metadata", async () => {
  const receiver = await startReceiver();

  const response = await callGrpc(receiver, LOGS);

  expect(response).toBe("");
  expect(receiver.records()).toMatchObject([{ body: "hello" }]);
  expect(receiver.requests()).toMatchObject([{ protocol: "grpc", headers: { "x-tenant": "a" } }]);
});

test("the receiver answers as it is told, and then accepts again", async () => {
  const receiver = await startReceiver();
  receiver.answers.add({ type: "refuse", code: 503, retryAfterSeconds: 7 }, 1);
  receiver.answers.add({ type: "partial", rejected: 2, message: "too old" }, 1);
  receiver.answers.add({ type: "reset" }, 1);

  const refused = await post(receiver, LOGS);
  const partial = await post(receiver, LOGS);
  await expect(post(receiver, LOGS)).rejects.toThrow("fetch failed");
  const accepted = await post(receiver, LOGS);

  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "7"]);
  // partial_success {rejected: 2, error_message: "too old"}, as protoc encodes it.
  expect(Buffer.from(await partial.bytes()).toString("hex")).toBe("0a0b08021207746f6f206f6c64");
  expect(accepted.status).toBe(200);
  expect(receiver.records()).toHaveLength(2);
  expect(receiver.requests().map(({ answer }) => answer.type)).toEqual([
    "refuse",
    "partial",
    "reset",
    "accept",
  ]);
});

test("answers for one signal leave the others alone, and can be taken back", async () => {
  const receiver = await startReceiver();
  receiver.answers.add({ type: "refuse", code: 500 }, Infinity, "metrics");
  const accepted = await post(receiver, LOGS);
  const takeBack = receiver.answers.add({ type: "refuse", code: 413 });
  const refused = await post(receiver, LOGS);

  takeBack();
  const again = await post(receiver, LOGS);

  expect([accepted.status, refused.status, again.status]).toEqual([200, 413, 200]);
});

test.each([
  [400, status.INVALID_ARGUMENT],
  [413, status.RESOURCE_EXHAUSTED],
  [429, status.RESOURCE_EXHAUSTED],
  [503, status.UNAVAILABLE],
])("a refusal that HTTP words as %i has gRPC code %i", async (code, grpcCode) => {
  const receiver = await startReceiver();
  receiver.answers.add({ type: "refuse", code, retryAfterSeconds: 300 });

  const error = await callGrpc(receiver, LOGS);

  if (typeof error === "string") throw new Error("Expected a refusal");
  expect(error.code).toBe(grpcCode);
  const details = Buffer.concat(
    error.metadata.get("grpc-status-details-bin").map((value) => Buffer.from(value)),
  );
  expect(details.toString("latin1")).toContain("google.rpc.RetryInfo");
  // RetryInfo {retry_delay {seconds: 300}}: a varint of two bytes.
  expect(details.toString("hex")).toMatch(/0a0308ac02$/);
});

test("a slow answer waits for the clock", async () => {
  const clock = createFakeClock();
  const receiver = await startReceiver({ clock });
  receiver.answers.add({ type: "slow", delayMs: 9000 }, 1);
  const answered = post(receiver, LOGS);
  await clock.untilPending(1);
  const before = receiver.records().length;

  await clock.advance(9000);

  expect((await answered).status).toBe(200);
  expect([before, receiver.records().length]).toEqual([0, 1]);
});

test.each<[string, Buffer, Record<string, string>, number]>([
  ["bytes that are no protobuf", Buffer.from("nonsense"), {}, 400],
  ["a gzip that is cut", gzipSync(LOGS).subarray(0, 20), { "content-encoding": "gzip" }, 400],
  ["JSON", Buffer.from("{}"), { "content-type": "application/json" }, 415],
])("%s is refused with its status", async (...[, body, headers, code]) => {
  const receiver = await startReceiver();

  const response = await post(receiver, body, headers);

  expect(response.status).toBe(code);
  expect(receiver.records()).toEqual([]);
});

test("what can't be decoded is kept as an error, and until sees it", async () => {
  const receiver = await startReceiver();
  const waiting = receiver.until(() => receiver.errors().length === 1);

  await post(receiver, Buffer.from("nonsense"));

  await waiting;
  expect(receiver.errors()[0]?.message).toBe("Cannot decode logs request of 8 bytes");
});
