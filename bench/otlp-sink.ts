import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { readExportRequest } from "../src/testing/otlp-receiver/received.ts";

/** What arrived, decoded. */
export type Tally = {
  readonly records: ReadonlyMap<string, number>;
  /** Values of `log.record.uid` that came more than once. */
  readonly repeatedUids: number;
  /** Records of the program about itself: WARN and above. */
  readonly complaints: readonly string[];
  readonly points: number;
  /** Gauges of objects whose last point was no end marker. */
  readonly objectSeries: number;
  /** Compressed, as they came. */
  readonly bytes: number;
};

/** An OTLP/HTTP receiver that says yes at once and decodes afterwards, so as not to compete for the processors. */
export interface OtlpSink extends AsyncDisposable {
  readonly url: string;
  /** Resolves when a request for logs holds these characters. */
  arrival(text: string): Promise<void>;
  tally(): Tally;
}

const OWN_SCOPE = "kube-lifeline.self";

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const bodies: Body[] = [];
  const waiters = new Set<{ readonly text: string; readonly resolve: () => void }>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const signal = request.url === "/v1/logs" ? "logs" : "metrics";
    bodies.push({ signal, body });
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    if (signal === "metrics" || waiters.size === 0) return;
    const plain = gunzipSync(body);
    for (const waiter of waiters) if (plain.includes(waiter.text)) waiter.resolve();
  };
  const server = createServer((request, response) => void take(request, response));
  server.keepAliveTimeout = 0;
  return {
    url: await listenOnLoopback(server),
    arrival: (text) => new Promise((resolve) => void waiters.add({ text, resolve })),
    tally: () => tally(bodies),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Body = { readonly signal: "logs" | "metrics"; readonly body: Buffer };

function tally(bodies: readonly Body[]): Tally {
  const records = new Map<string, number>();
  const uids = new Set<unknown>();
  const complaints: string[] = [];
  const live = new Set<string>();
  let [repeatedUids, points, bytes] = [0, 0, 0];
  for (const { signal, body } of bodies) {
    bytes += body.length;
    const items = readExportRequest(signal, gunzipSync(body));
    for (const { scope, eventName, attributes, body: text } of items.records) {
      if (scope.name === OWN_SCOPE) {
        complaints.push(JSON.stringify(text));
        continue;
      }
      records.set(eventName, (records.get(eventName) ?? 0) + 1);
      const uid = attributes["log.record.uid"];
      if (uids.has(uid)) repeatedUids++;
      uids.add(uid);
    }
    for (const { scope, metric, type, attributes, isEnd } of items.points) {
      if (scope.name === OWN_SCOPE) continue;
      points++;
      if (!metric.startsWith("lifeline.object.") || type !== "gauge") continue;
      const series = `${metric} ${Object.values(attributes).map(String).join("\0")}`;
      if (isEnd) live.delete(series);
      else live.add(series);
    }
  }
  return { records, repeatedUids, complaints, points, objectSeries: live.size, bytes };
}
