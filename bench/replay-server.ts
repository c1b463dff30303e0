import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { BENCH_KIND } from "./bench-object.ts";
import {
  ANSWERS,
  COLLECTION,
  DEFINITIONS,
  definitionLines,
  initialEventsEnd,
} from "./replay-answers.ts";
import type { BenchLine, Scenario } from "./scenario.ts";

/** Just enough of an API server to be listed and watched once, so that the measured program is what is busy. */
export interface ReplayServer extends AsyncDisposable {
  readonly url: string;
  /** Resolves with the first request. */
  readonly contacted: Promise<void>;
  /** Resolves when somebody watches. */
  readonly watched: Promise<void>;
  /** Writes lines as fast as the watcher reads them. */
  play(lines: Iterable<BenchLine>): Promise<void>;
  /** Writes so many lines a second; resolves with when each was written (`performance.now()`), by resourceVersion. */
  playPaced(lines: Iterable<BenchLine>, perSecond: number): Promise<ReadonlyMap<string, number>>;
}

const CHUNK_CHARACTERS = 65_536;
/** Objects that are rendered at a time. */
const STREAM_PAGE = 20;
const JSON_TYPE = { "content-type": "application/json" };

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function startReplayServer(scenario: Scenario): Promise<ReplayServer> {
  const contacted = Promise.withResolvers<void>();
  const watched = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    contacted.resolve();
    const url = new URL(request.url ?? "/", "http://replay");
    const isWatch =
      url.searchParams.get("watch") === "true" || url.searchParams.get("watch") === "1";
    if (!isWatch) {
      answer(
        request,
        response,
        url.pathname === COLLECTION ? listPage(scenario, url) : url.pathname,
      );
    } else if (url.pathname === COLLECTION || url.pathname === DEFINITIONS) {
      response.writeHead(200, JSON_TYPE).flushHeaders();
      const isStream = url.searchParams.get("sendInitialEvents") === "true";
      if (url.pathname === DEFINITIONS) response.write(isStream ? definitionLines() : "");
      else if (isStream) void stream(scenario, response).then(() => watched.resolve(response));
      else watched.resolve(response);
    } else {
      answer(request, response, "");
    }
  });
  server.keepAliveTimeout = 0;
  const url = await listenOnLoopback(server);
  return {
    url,
    contacted: contacted.promise,
    watched: watched.promise.then(() => undefined),
    play: async (lines) => await write(lines, await watched.promise),
    playPaced: async (lines, perSecond) =>
      await writePaced(lines, perSecond, await watched.promise),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Sends the page given, or the answer for the path given. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  what: string | { readonly page: string },
): void {
  // What is posted is a question whose answer is always yes.
  request.resume();
  if (typeof what !== "string") {
    response.writeHead(200, JSON_TYPE).end(what.page);
    return;
  }
  const body = ANSWERS[what];
  response
    .writeHead(body === undefined ? 404 : 200, JSON_TYPE)
    .end(JSON.stringify(body ?? { kind: "Status", apiVersion: "v1", code: 404 }));
}

function listPage(scenario: Scenario, { searchParams }: URL): { readonly page: string } {
  const limit = Number(searchParams.get("limit") ?? "0") || Number.POSITIVE_INFINITY;
  const { items, next } = scenario.page(Number(searchParams.get("continue") ?? "0"), limit);
  const resourceVersion = scenario.listResourceVersion;
  const metadata =
    next === undefined ? { resourceVersion } : { resourceVersion, continue: String(next) };
  return {
    page:
      `{"kind":"${BENCH_KIND.kind}List","apiVersion":"${BENCH_KIND.group}/${BENCH_KIND.version}",` +
      `"metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`,
  };
}

/** Shows all objects as fast as they are read, then that these are all. */
async function stream(scenario: Scenario, response: ServerResponse): Promise<void> {
  for (let start: number | undefined = 0; start !== undefined;) {
    const { items, next } = scenario.page(start, STREAM_PAGE);
    const text = items.map((item) => `{"type":"ADDED","object":${item}}\n`).join("");
    if (!response.write(text)) await once(response, "drain");
    start = next;
  }
  const type = { apiVersion: `${BENCH_KIND.group}/${BENCH_KIND.version}`, kind: BENCH_KIND.kind };
  response.write(initialEventsEnd(type, scenario.listResourceVersion));
}

async function write(lines: Iterable<BenchLine>, response: ServerResponse): Promise<void> {
  let chunk = "";
  for (const { text } of lines) {
    chunk += text;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    if (!response.write(chunk)) await once(response, "drain");
    chunk = "";
  }
  response.write(chunk);
}

async function writePaced(
  lines: Iterable<BenchLine>,
  perSecond: number,
  response: ServerResponse,
): Promise<ReadonlyMap<string, number>> {
  const writtenMs = new Map<string, number>();
  const beganMs = performance.now();
  for (const { resourceVersion, text } of lines) {
    const dueMs = beganMs + (writtenMs.size * 1000) / perSecond;
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    writtenMs.set(String(resourceVersion), performance.now());
    response.write(text);
  }
  return writtenMs;
}
