import {
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  status,
} from "@grpc/grpc-js";
import type { SignalKind } from "../../otlp/transport.ts";
import type { ReceiverAnswer } from "./answers.ts";
import { exportResponse, rpcStatus } from "./responses.ts";

/** Judges and keeps one request; resolves with what to tell the sender. Never rejects. */
export type TakeRequest = (request: IncomingExport) => Promise<ReceiverAnswer>;

/** One request as it came, uncompressed. */
export type IncomingExport = {
  readonly signal: SignalKind;
  readonly protocol: "grpc" | "http";
  readonly body: Uint8Array;
  /** HTTP headers or gRPC metadata, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
};

const METHODS: readonly (readonly [SignalKind, string])[] = [
  ["logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"],
  ["metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"],
  ["traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"],
];

/** What gRPC says where HTTP says this (OTLP specification, "Failures"); anything else is UNAVAILABLE. */
const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  413: status.RESOURCE_EXHAUSTED,
  429: status.RESOURCE_EXHAUSTED,
  500: status.INTERNAL,
};

function identity(bytes: Buffer): Buffer {
  return bytes;
}

/** Serves OTLP/gRPC on a free port of 127.0.0.1; resolves with its URL and how to end it at once. */
export async function startGrpcEndpoint(
  take: TakeRequest,
): Promise<{ readonly url: string; readonly stop: () => void }> {
  const server = new Server();
  for (const [signal, path] of METHODS) {
    const handle = (
      call: ServerUnaryCall<Buffer, Buffer>,
      respond: sendUnaryData<Buffer>,
    ): void => {
      const headers = Object.fromEntries(
        Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]),
      );
      void take({ signal, protocol: "grpc", body: call.request, headers }).then((answer) =>
        reply(answer, respond),
      );
    };
    server.register(path, handle, identity, identity, "unary");
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

function reply(answer: ReceiverAnswer, respond: sendUnaryData<Buffer>): void {
  if (answer.type === "refuse" || answer.type === "reset") {
    // A lost connection shows as UNAVAILABLE to a gRPC client.
    const httpCode = answer.type === "refuse" ? answer.code : 503;
    const retryAfterSeconds = answer.type === "refuse" ? answer.retryAfterSeconds : undefined;
    const code = CODES[httpCode] ?? status.UNAVAILABLE;
    const details = `simulated refusal ${httpCode}`;
    const metadata = new Metadata();
    metadata.set(
      "grpc-status-details-bin",
      Buffer.from(rpcStatus(code, details, retryAfterSeconds)),
    );
    respond({ code, details, metadata });
    return;
  }
  respond(null, Buffer.from(exportResponse(answer.type === "partial" ? answer : undefined)));
}
