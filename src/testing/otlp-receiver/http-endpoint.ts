import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import type { SignalKind } from "../../otlp/transport.ts";
import { toError } from "../../util/to-error.ts";
import { listenOnLoopback } from "../listen-on-loopback.ts";
import type { ReceiverAnswer } from "./answers.ts";
import type { TakeRequest } from "./grpc-endpoint.ts";
import { exportResponse, rpcStatus } from "./responses.ts";

const SIGNALS: Readonly<Record<string, SignalKind>> = {
  "/v1/logs": "logs",
  "/v1/metrics": "metrics",
  "/v1/traces": "traces",
};

/** Serves OTLP/HTTP with protobuf on a free port of 127.0.0.1; resolves with its base URL and how to end it at once. */
export async function startHttpEndpoint(
  take: TakeRequest,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => void handle(request, response, take));
  const url = await listenOnLoopback(server);
  return {
    url,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  take: TakeRequest,
): Promise<void> {
  const signal = SIGNALS[request.url ?? ""];
  if (signal === undefined) return refuse(response, 404, `No signal at ${request.url}`);
  if (request.method !== "POST") return refuse(response, 405, "Wanted POST");
  if (request.headers["content-type"] !== "application/x-protobuf") {
    return refuse(
      response,
      415,
      `Cannot read "${request.headers["content-type"]}": wanted application/x-protobuf`,
    );
  }
  try {
    const isGzip = request.headers["content-encoding"] === "gzip";
    const body = await buffer(isGzip ? request.pipe(createGunzip()) : request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    reply(response, await take({ signal, protocol: "http", body, headers }));
  } catch (error) {
    refuse(response, 400, toError(error).message);
  }
}

function reply(response: ServerResponse, answer: ReceiverAnswer): void {
  if (answer.type === "reset") {
    response.socket?.resetAndDestroy();
  } else if (answer.type === "refuse") {
    if (answer.retryAfterSeconds !== undefined)
      response.setHeader("retry-after", answer.retryAfterSeconds);
    refuse(response, answer.code, `simulated refusal ${answer.code}`);
  } else {
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    response.end(exportResponse(answer.type === "partial" ? answer : undefined));
  }
}

function refuse(response: ServerResponse, httpStatus: number, message: string): void {
  response.writeHead(httpStatus, { "content-type": "application/x-protobuf" });
  response.end(rpcStatus(0, message));
}
