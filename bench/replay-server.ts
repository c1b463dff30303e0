import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import type { JsonMap } from "../src/util/json.ts";
import { BENCH_KIND } from "./bench-object.ts";
import type { Scenario } from "./scenario.ts";

/** Just enough of an API server to be listed and watched once, so that the measured program is what is busy. */
export interface ReplayServer extends AsyncDisposable {
  readonly url: string;
  /** Resolves with the first request. */
  readonly contacted: Promise<void>;
  /** Resolves when somebody watches. */
  readonly watched: Promise<void>;
  /** Writes the whole stream as fast as the watcher reads it. */
  play(): Promise<void>;
}

const COLLECTION = `/apis/${BENCH_KIND.group}/${BENCH_KIND.version}/${BENCH_KIND.resource}`;
const CHUNK_CHARACTERS = 65_536;

/** What the program asks before it lists: there is this one kind, and it may be watched. */
const ANSWERS: Readonly<Record<string, JsonMap>> = {
  "/api": { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items: [] },
  "/apis": {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    items: [
      {
        metadata: { name: BENCH_KIND.group },
        versions: [
          {
            version: BENCH_KIND.version,
            freshness: "Current",
            resources: [
              {
                resource: BENCH_KIND.resource,
                responseKind: { ...BENCH_KIND },
                scope: "Namespaced",
                verbs: ["get", "list", "watch"],
                subresources: [{ subresource: "status" }],
              },
            ],
          },
        ],
      },
    ],
  },
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
    kind: "CustomResourceDefinitionList",
    metadata: { resourceVersion: "1" },
    items: [],
  },
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": { status: { allowed: true } },
};

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function startReplayServer(scenario: Scenario): Promise<ReplayServer> {
  const contacted = Promise.withResolvers<void>();
  const watched = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    contacted.resolve();
    const url = new URL(request.url ?? "/", "http://replay");
    if (url.pathname === COLLECTION && url.searchParams.get("watch") === "true") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      watched.resolve(response);
    } else {
      answer(
        request,
        response,
        url.pathname === COLLECTION ? listPage(scenario, url) : url.pathname,
      );
    }
  });
  server.keepAliveTimeout = 0;
  const url = await listenOnLoopback(server);
  return {
    url,
    contacted: contacted.promise,
    watched: watched.promise.then(() => undefined),
    play: async () => await write(scenario.lines(), await watched.promise),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, what: string | object): void {
  // What is posted is a question whose answer is always yes.
  request.resume();
  const body = typeof what === "string" ? ANSWERS[what] : what;
  const status = body === undefined ? 404 : 200;
  const text = JSON.stringify(body ?? { kind: "Status", apiVersion: "v1", code: 404 });
  response.writeHead(status, { "content-type": "application/json" }).end(text);
}

function listPage(scenario: Scenario, { searchParams }: URL): object {
  const limit = Number(searchParams.get("limit") ?? "0") || Number.POSITIVE_INFINITY;
  const { items, next } = scenario.page(Number(searchParams.get("continue") ?? "0"), limit);
  const resourceVersion = scenario.listResourceVersion;
  const metadata =
    next === undefined ? { resourceVersion } : { resourceVersion, continue: String(next) };
  return {
    kind: `${BENCH_KIND.kind}List`,
    apiVersion: `${BENCH_KIND.group}/${BENCH_KIND.version}`,
    metadata,
    items,
  };
}

async function write(lines: Iterable<string>, response: ServerResponse): Promise<void> {
  let chunk = "";
  for (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    if (!response.write(chunk)) await once(response, "drain");
    chunk = "";
  }
  response.write(chunk);
}
