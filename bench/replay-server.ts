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
  NO_INITIAL_EVENTS,
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
  /**
   * Writes one line per watch and ends that watch in order, so that the watcher asks for another; resolves with the watch
   * after the last line.
   */
  playOnePerWatch(lines: Iterable<BenchLine>): Promise<void>;
  /** TCP connections that were ever opened. */
  readonly connections: number;
  /** Whether a watch began with all objects. */
  readonly hasStreamed: boolean;
  /** Writes so many lines a second; resolves with when each was written (`performance.now()`), by resourceVersion. */
  playPaced(lines: Iterable<BenchLine>, perSecond: number): Promise<ReadonlyMap<string, number>>;
}

const CHUNK_CHARACTERS = 65_536;
/** Objects that are rendered in one go. */
const PIECE = 100;
const JSON_TYPE = { "content-type": "application/json" };

export type ReplayServerOptions = {
  /** Whether a watch may begin with all objects, which is the default; else that is refused, so that clients list. */
  readonly initialEvents?: boolean;
};

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function startReplayServer(
  scenario: Scenario,
  { initialEvents = true }: ReplayServerOptions = {},
): Promise<ReplayServer> {
  const contacted = Promise.withResolvers<void>();
  const watches = new Watches();
  let connections = 0;
  let hasStreamed = false;
  const server = createServer((request, response) => {
    contacted.resolve();
    const url = new URL(request.url ?? "/", "http://replay");
    const { pathname, searchParams } = url;
    const isCollection = pathname === COLLECTION;
    const isInitial = searchParams.get("sendInitialEvents") === "true";
    if (!isTrue(searchParams.get("watch"))) {
      if (isCollection) void list(scenario, url, response);
      else answer(request, response, pathname);
    } else if (isInitial && !initialEvents) {
      response.writeHead(422, JSON_TYPE).end(JSON.stringify(NO_INITIAL_EVENTS));
    } else if (isCollection) {
      response.writeHead(200, JSON_TYPE).flushHeaders();
      hasStreamed ||= isInitial;
      const initial = isInitial ? initialTexts(scenario) : [];
      void write(initial, response).then(() => watches.add(response));
    } else if (pathname === DEFINITIONS) {
      response.writeHead(200, JSON_TYPE).flushHeaders();
      response.write(isInitial ? definitionLines() : "");
    } else {
      answer(request, response, "");
    }
  });
  server.keepAliveTimeout = 0;
  server.on("connection", () => connections++);
  const url = await listenOnLoopback(server);
  return {
    url,
    contacted: contacted.promise,
    watched: watches.next().then(() => undefined),
    get connections() {
      return connections;
    },
    get hasStreamed() {
      return hasStreamed;
    },
    play: async (lines) => await write(textsOf(lines), await watches.next()),
    async playOnePerWatch(lines) {
      for (const { text } of lines) (await watches.take()).end(text);
      await watches.next();
    },
    playPaced: async (lines, perSecond) => await writePaced(lines, perSecond, await watches.next()),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The collection's watches in the order in which they were begun; there is one at a time. */
class Watches {
  readonly #responses: PromiseWithResolvers<ServerResponse>[] = [Promise.withResolvers()];
  #added = 0;
  #taken = 0;

  add(response: ServerResponse): void {
    this.#responses[this.#added++]?.resolve(response);
    this.#responses.push(Promise.withResolvers());
  }

  /** The oldest that was not taken yet, or the next to come. */
  async next(): Promise<ServerResponse> {
    const pending = this.#responses[this.#taken];
    if (pending === undefined) throw new Error("Cannot wait for a watch beyond the next");
    return await pending.promise;
  }

  async take(): Promise<ServerResponse> {
    const response = await this.next();
    this.#taken++;
    return response;
  }
}

/** As API servers read a flag of the query. */
function isTrue(flag: string | null): boolean {
  return flag === "true" || flag === "1";
}

function answer(request: IncomingMessage, response: ServerResponse, path: string): void {
  // What is posted is a question whose answer is always yes.
  request.resume();
  const body = ANSWERS[path];
  response
    .writeHead(body === undefined ? 404 : 200, JSON_TYPE)
    .end(JSON.stringify(body ?? { kind: "Status", apiVersion: "v1", code: 404 }));
}

/** A page, or all of it where no limit is given. */
async function list(
  scenario: Scenario,
  { searchParams }: URL,
  response: ServerResponse,
): Promise<void> {
  const limit = Number(searchParams.get("limit") ?? "0") || Number.POSITIVE_INFINITY;
  const start = Number(searchParams.get("continue") ?? "0");
  const end = Math.min(start + limit, scenario.listed);
  response.writeHead(200, JSON_TYPE);
  await write(pageTexts(scenario, start, end), response);
  response.end();
}

/** Bit by bit, as all of it may be more than a string can hold. */
function* pageTexts(scenario: Scenario, start: number, end: number): Generator<string> {
  const resourceVersion = scenario.listResourceVersion;
  const metadata =
    end === scenario.listed ? { resourceVersion } : { resourceVersion, continue: String(end) };
  yield (
    `{"kind":"${BENCH_KIND.kind}List","apiVersion":"${BENCH_KIND.group}/${BENCH_KIND.version}",` +
      `"metadata":${JSON.stringify(metadata)},"items":[`
  );
  for (let at = start; at < end; at += PIECE) {
    const { items } = scenario.page(at, Math.min(PIECE, end - at));
    yield `${at === start ? "" : ","}${items.join(",")}`;
  }
  yield "]}";
}

/** All objects as they are at first, and the bookmark that says that these were all (KEP-3157). */
function* initialTexts(scenario: Scenario): Generator<string> {
  for (let at = 0; at < scenario.listed; at += PIECE)
    for (const item of scenario.page(at, PIECE).items) yield `{"type":"ADDED","object":${item}}\n`;
  const type = { apiVersion: `${BENCH_KIND.group}/${BENCH_KIND.version}`, kind: BENCH_KIND.kind };
  yield initialEventsEnd(type, scenario.listResourceVersion);
}

function* textsOf(lines: Iterable<BenchLine>): Generator<string> {
  for (const { text } of lines) yield text;
}

async function write(texts: Iterable<string>, response: ServerResponse): Promise<void> {
  let chunk = "";
  for (const text of texts) {
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
