import { once } from "node:events";
import {
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";
import type { FaultProxy } from "./fault.ts";
import { InflictedFaults } from "./inflicted-faults.ts";

const LOGS_PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const PASSED_ON = ["content-type", "te", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout"];

/** Stands before an OTLP/gRPC receiver on a free port of 127.0.0.1. Whatever is to go wrong, the connection breaks. */
export async function startGrpcFaultProxy(receiver: string): Promise<FaultProxy> {
  const faults = new InflictedFaults();
  const sessions = new Set<ServerHttp2Session>();
  const answer = async (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<"answered" | "broken"> => {
    const isLogs = headers[":path"] === LOGS_PATH;
    const fault = faults.meet();
    const body = await buffer(stream);
    if (isLogs) faults.reach("arrived");
    if (fault.type === "reset-before" || fault.type === "refuse") return "broken";
    if (fault.type === "slow") await sleep(fault.delayMs);
    const given = await call(receiver, headers, body);
    if (isLogs) faults.reach("taken");
    if (fault.type === "reset-after") return "broken";
    stream.respond(given.headers, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(given.trailers));
    stream.end(given.data);
    return "answered";
  };
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    const { session } = stream;
    answer(stream, headers).then(
      (outcome) => outcome === "broken" && session?.destroy(),
      // The receiver is down, or the sender is dead.
      () => session?.destroy(),
    );
  });
  const endpoint = await listenOnLoopback(server);
  return Object.assign(faults, {
    endpoint,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
      await once(server, "close");
    },
  });
}

type Answer = {
  readonly headers: OutgoingHttpHeaders;
  readonly data: Buffer;
  readonly trailers: OutgoingHttpHeaders;
};

/** One unary call on a connection of its own; rejects when that breaks. */
async function call(receiver: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  const session = connect(receiver);
  // Its stream is told.
  session.on("error", () => undefined);
  try {
    const passedOn = PASSED_ON.map((name) => [name, headers[name]] as const);
    const stream = session.request({
      ":method": "POST",
      ":path": headers[":path"],
      ...Object.fromEntries(passedOn.filter(([, value]) => value !== undefined)),
    });
    const given: { headers: OutgoingHttpHeaders; trailers: OutgoingHttpHeaders } = {
      headers: {},
      trailers: {},
    };
    stream.on("response", (fields) => (given.headers = fields));
    stream.on("trailers", (fields) => (given.trailers = fields));
    stream.end(body);
    const data = await buffer(stream);
    return { ...given, data };
  } finally {
    session.destroy();
  }
}
