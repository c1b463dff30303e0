import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, ApiFailure, RequestOptions } from "../../src/cluster/api-client.ts";
import { NO_STREAMS } from "../../src/testing/steered-api-client.ts";
import { type Script, type ScriptedEvent, stateAt } from "./script.ts";

export type ScriptedClientOptions = {
  readonly script: Script;
  /** Remembers which version lists show now, as a server does when its clients die. */
  readonly serverFile: string;
  /** Between two pieces of a stream. */
  readonly paceMs: number;
  readonly random: () => number;
};

/** How the pieces of a stream end, as often as one in so many. */
const CLOSED_ONE_IN = 40;
const BROKEN_ONE_IN = 60;
const LINES_MAX = 12;
/** Of what existed, at a time. */
const INITIAL_LINES = 100;

/** An API server of one resource that tells a script: streams resume from wherever they are asked to, and break where it says. */
export function createScriptedClient(options: ScriptedClientOptions): ApiClient {
  return {
    get: async (_path, request) => ({
      type: "ok",
      body: listPage(options, request.query ?? {}),
      headers: {},
      sizeBytes: 0,
    }),
    post: () => Promise.reject(new Error("Nobody posts")),
    openStream: async (_path, request) => {
      if (request.query?.["sendInitialEvents"] === "true") return streamList(options, request);
      const from = Number(request.query?.["resourceVersion"]);
      const end = options.script.breaks.find(({ at }) => at >= from);
      if (end !== undefined && end.at === from && options.random() < 0.5) {
        moveLists(options, end.listAt);
        return expired();
      }
      return { type: "open", body: stream(options, { from, signal: request.signal }) };
    },
    close: async () => undefined,
  };
}

/** As newer servers do, or the refusal of an older one, which is asked for pages then. */
function streamList(
  options: ScriptedClientOptions,
  { signal }: RequestOptions,
): Awaited<ReturnType<ApiClient["openStream"]>> {
  if (options.random() < 0.5) return NO_STREAMS;
  return { type: "open", body: streamAll(options, signal) };
}

async function* streamAll(
  options: ScriptedClientOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { script, random } = options;
  const version = listVersion(options);
  const lines = stateAt(script, version).map((object) => JSON.stringify({ type: "ADDED", object }));
  for (let start = 0; start < lines.length; start += INITIAL_LINES) {
    yield* inTwo(encode(lines.slice(start, start + INITIAL_LINES).join("\n")), random);
    await sleep(options.paceMs, undefined, { signal });
  }
  yield encode(bookmark(version, { "k8s.io/initial-events-end": "true" }));
  yield* stream(options, { from: version, signal });
}

function listPage(options: ScriptedClientOptions, query: NonNullable<RequestOptions["query"]>) {
  const version = listVersion(options);
  const objects = stateAt(options.script, version);
  const start = Number(query["continue"] ?? 0);
  const end = start + Number(query["limit"]);
  return {
    metadata: {
      resourceVersion: String(version),
      ...(end < objects.length ? { continue: String(end) } : {}),
    },
    items: objects.slice(start, end),
  };
}

function listVersion({ serverFile, script }: ScriptedClientOptions): number {
  try {
    return Number(readFileSync(serverFile, "utf8"));
  } catch {
    return script.firstVersion;
  }
}

function moveLists({ serverFile }: ScriptedClientOptions, version: number): void {
  writeFileSync(`${serverFile}.new`, String(version));
  renameSync(`${serverFile}.new`, serverFile);
}

type Following = { readonly from: number; readonly signal: AbortSignal };

async function* stream(
  options: ScriptedClientOptions,
  { from, signal }: Following,
): AsyncGenerator<Uint8Array> {
  const { script, random } = options;
  const end = script.breaks.find(({ at }) => at >= from);
  const until = end?.at ?? script.lastVersion;
  const events = script.events.filter(({ version }) => version > from && version <= until);
  for (let start = 0; start < events.length;) {
    const count = 1 + Math.floor(random() * LINES_MAX);
    yield* inTwo(linesOf(events.slice(start, start + count), random), random);
    start += count;
    await sleep(options.paceMs, undefined, { signal });
    if (random() * CLOSED_ONE_IN < 1) return;
    if (random() * BROKEN_ONE_IN < 1) throw new Error("socket hang up");
  }
  if (end === undefined) {
    yield encode(bookmark(script.lastVersion));
    await sleep(60_000, undefined, { signal });
    return;
  }
  moveLists(options, end.listAt);
  yield encode(JSON.stringify({ type: "ERROR", object: EXPIRED }));
}

function linesOf(events: readonly ScriptedEvent[], random: () => number): Uint8Array {
  const lines = events.map(({ type, object }) => JSON.stringify({ type, object }));
  const last = events.at(-1);
  if (last !== undefined && random() < 0.3) lines.push(bookmark(last.settledVersion));
  return encode(lines.join("\n"));
}

/** Cut anywhere, characters included. */
function* inTwo(bytes: Uint8Array, random: () => number): Generator<Uint8Array> {
  const cut = Math.floor(random() * bytes.length);
  yield bytes.subarray(0, cut);
  yield bytes.subarray(cut);
}

function bookmark(version: number, annotations?: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: String(version), annotations } },
  });
}

function encode(line: string): Uint8Array {
  return new TextEncoder().encode(`${line}\n`);
}

const EXPIRED = { code: 410, reason: "Expired", message: "too old resource version" };

function expired(): ApiFailure {
  const answer = { ...EXPIRED, causes: [] };
  return { type: "status", status: 410, answer, error: new Error("410 Gone") };
}
