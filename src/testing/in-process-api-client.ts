import type { ApiClient, ApiFailure, ApiResult, RequestOptions } from "../cluster/api-client.ts";
import { fieldAt } from "../util/json.ts";
import type { AccessRule } from "./simulated-api-server/access.ts";
import { answer, type Answer } from "./simulated-api-server/answer.ts";
import type { Collection } from "./simulated-api-server/collection.ts";
import { parseRequest } from "./simulated-api-server/seen-request.ts";
import type { SimulatedCluster } from "./simulated-api-server/simulated-cluster.ts";

/** A simulated API server without a socket, so that a fake clock moves everything; steered by the test. */
export type InProcessApiClient = ApiClient & {
  isAllowed: AccessRule;
  readonly staleGroups: Set<string>;
  /** Another answer than the true one, by path and method. */
  intercept: (path: string) => ApiResult | undefined;
  /** Paths in order; a watch's begins with `watch `. */
  readonly requests: string[];
};

export function createInProcessApiClient(cluster: SimulatedCluster): InProcessApiClient {
  function ask(method: string, path: string, given: Given): Answer {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(given.options.query ?? {}))
      if (value !== undefined) query.set(name, value);
    const { accept = "application/json", ifNoneMatch } = given.options;
    const headers = {
      accept,
      ...(ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch }),
    };
    const request = parseRequest({ method, url: `${path}?${query.toString()}`, headers });
    return answer(request, given.body, {
      cluster,
      isAllowed: self.isAllowed,
      discovery: { isAggregated: true, staleGroups: self.staleGroups },
      expiredWatch: "http",
      watchList: "refused",
    });
  }

  function read(method: string, path: string, given: Given): ApiResult {
    self.requests.push(path);
    const intercepted = self.intercept(path);
    if (intercepted !== undefined) return intercepted;
    const said = ask(method, path, given);
    if (said.type !== "reply") throw new Error(`Cannot read a stream from ${path}`);
    const { code, body, headers = {} } = said.reply;
    if (code > 299) return failure(code, fieldAt(body, "message"));
    return { type: "ok", body, headers, sizeBytes: 0 };
  }

  const self: InProcessApiClient = {
    isAllowed: () => true,
    staleGroups: new Set(),
    intercept: () => undefined,
    requests: [],
    get: async (path, options) => read("GET", path, { options }),
    post: async (path, body, options) => read("POST", path, { options, body }),
    openStream: async (path, options) => {
      self.requests.push(`watch ${path}`);
      const intercepted = self.intercept(path);
      if (intercepted !== undefined && intercepted.type !== "ok") return intercepted;
      const said = ask("GET", path, { options });
      if (said.type === "expired-watch") return failure(410, "expired");
      if (said.type === "reply")
        return failure(said.reply.code, fieldAt(said.reply.body, "message"));
      return { type: "open", body: follow(said.collection, said.fromRevision ?? 0, options) };
    },
    close: async () => undefined,
  };
  return self;
}

type Given = { readonly options: RequestOptions; readonly body?: unknown };

export function failure(status: number, message: unknown = ""): ApiFailure {
  const answered = { message: String(message), causes: [] };
  return {
    type: "status",
    status,
    answer: answered,
    error: new Error(`${status} ${answered.message}`.trimEnd()),
  };
}

async function* follow(
  { store, includes }: Collection,
  fromRevision: number,
  { signal }: RequestOptions,
): AsyncGenerator<Uint8Array> {
  let revision = fromRevision;
  let wake: (() => void) | undefined;
  const unsubscribe = store.subscribe(() => wake?.());
  signal.addEventListener("abort", () => wake?.(), { once: true });
  try {
    while (!signal.aborted) {
      for (const event of store.eventsAfter(revision)) {
        ({ revision } = event);
        const { type, object } = event;
        if (includes(object))
          yield new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
      }
      if (!store.isServed) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted || store.eventsAfter(revision).length > 0) resolve();
      });
    }
  } finally {
    unsubscribe();
  }
}
