import type { ApiClient, ApiResult, RequestOptions, StreamResult } from "../cluster/api-client.ts";
import { parseStatus } from "../cluster/parse-status.ts";
import type { Clock } from "../util/clock.ts";
import {
  type Answer,
  answer,
  type AnswerState,
  type WatchListMode,
} from "./simulated-api-server/answer.ts";
import { apiStatus, type Reply } from "./simulated-api-server/api-status.ts";
import { type Collection, expiredToken } from "./simulated-api-server/collection.ts";
import { parseRoute } from "./simulated-api-server/route.ts";
import type { SimulatedCluster } from "./simulated-api-server/simulated-cluster.ts";

/** What is done to the connections that are open. */
export type Disturbance =
  | "close"
  | "reset"
  | "half-line"
  | "nonsense"
  | "gone"
  | "internal-error"
  | "busy"
  | "bookmark"
  | "duplicate"
  | "end-of-initial-events";

/**
 * The simulated API server without a socket, so that a test decides every byte and every turn: bytes come split, and
 * connections are disturbed where they are.
 */
export type HostileApiClient = ApiClient & {
  watchList: WatchListMode;
  /** The next requests that are answered with this code, and no more. */
  refuse(code: number, times: number): void;
  disturb(how: Disturbance): void;
  /** So many of the next streams are cut off in what they show first. */
  cut(times: number): void;
  /** So many of the next pages are asked for with a token that is too old, though the past is still known. */
  expireTokens(times: number): void;
  /** Refuses, expires and cuts nothing any more. */
  mend(): void;
};

type HostileOptions = {
  readonly cluster: SimulatedCluster;
  readonly clock: Clock;
  /** In [0, 1): where the bytes of the next line are cut in two, and how streams end. */
  readonly split: () => number;
};

/** A list is slow, so that something may happen between its pages, each of which holds one object. */
const PAGE_MS = 100;

export function createHostileApiClient({
  cluster,
  clock,
  split,
}: HostileOptions): HostileApiClient {
  const streams = new Set<Stream>();
  let cuts = 0;
  const expiring = new ExpiringTokens();
  let refusal = { code: 0, left: 0 };

  function ask(path: string, options: RequestOptions, verb: "list" | "watch"): Answer {
    if (refusal.left > 0) {
      refusal = { ...refusal, left: refusal.left - 1 };
      return { type: "reply", reply: { code: refusal.code, body: apiStatus(refusal.code, "no") } };
    }
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) query.set(key, value);
    }
    const seen = { method: "GET", path, query: Object.fromEntries(query), headers: {}, verb };
    const state: AnswerState = {
      cluster,
      isAllowed: () => true,
      discovery: { isAggregated: true, staleGroups: new Set() },
      expiredWatch: split() < 0.5 ? "stream" : "http",
      watchList: self.watchList,
    };
    return answer({ seen, route: parseRoute(path), query }, undefined, state);
  }

  const self: HostileApiClient = {
    watchList: "served",
    refuse: (code, times) => void (refusal = { code, left: times }),
    cut: (times) => void (cuts = times),
    expireTokens: (times) => void (expiring.left = times),
    mend: () => {
      refusal = { code: 0, left: 0 };
      expiring.left = cuts = 0;
    },
    disturb: (how) => streams.forEach((stream) => stream.disturb(how)),
    async get(path, options) {
      await clock.sleep(PAGE_MS, options.signal);
      const asked = { ...options, query: { ...options.query, limit: "1" } };
      return expiring.answer(asked.query) ?? toDocument(ask(path, asked, "list"));
    },
    post: async () => ({ type: "failed", error: new Error("Nobody answers reviews") }),
    async openStream(path, options): Promise<StreamResult> {
      const said = ask(path, options, "watch");
      if (said.type === "reply") {
        const result = toResult(said.reply);
        return result.type === "ok" ? { type: "failed", error: new Error("No stream") } : result;
      }
      const stream = new Stream(said, { cluster, split, signal: options.signal, isCut: cuts > 0 });
      cuts = Math.max(0, cuts - 1);
      streams.add(stream);
      return { type: "open", body: stream.read(() => streams.delete(stream)) };
    },
    close: async () => undefined,
  };
  return self;
}

class ExpiringTokens {
  /** So many more are too old. */
  left = 0;

  answer(query: RequestOptions["query"]): ApiResult | undefined {
    const token = query?.["continue"];
    const body = this.left > 0 && token !== undefined ? expiredToken(token) : undefined;
    if (body === undefined) return undefined;
    this.left -= 1;
    return toResult({ code: 410, body });
  }
}

function toDocument(said: Answer): ApiResult {
  if (said.type !== "reply") throw new Error("A list is a document");
  return toResult(said.reply);
}

function toResult({ code, body }: Reply): ApiResult {
  if (code === 200)
    return { type: "ok", body, headers: {}, sizeBytes: JSON.stringify(body).length };
  const status = parseStatus(body);
  return { type: "status", status: code, answer: status, error: new Error(`answered ${code}`) };
}

type StreamContext = {
  readonly cluster: SimulatedCluster;
  readonly split: () => number;
  readonly signal: AbortSignal;
  /** It ends somewhere in what it has to say at once. */
  readonly isCut: boolean;
};

class Stream {
  readonly #collection: Collection;
  readonly #context: StreamContext;
  readonly #bytes: Uint8Array[] = [];
  #cursor: number;
  #end: "clean" | "broken" | undefined;
  #lastLine = "";
  #wake: (() => void) | undefined;

  constructor(said: Exclude<Answer, { type: "reply" }>, context: StreamContext) {
    this.#collection = said.collection;
    this.#context = context;
    this.#cursor = said.fromRevision ?? Number(context.cluster.resourceVersion);
    if (said.type === "expired-watch") {
      this.#sendError(410);
      return;
    }
    if (said.fromRevision === undefined) {
      for (const object of said.collection.store.objects()) this.#send("ADDED", object);
    }
    if (said.marksInitialEvents) this.disturb("end-of-initial-events");
    if (context.isCut) this.#cut();
  }

  async *read(closed: () => void): AsyncGenerator<Uint8Array> {
    const { signal } = this.#context;
    const { store } = this.#collection;
    const stopListening = store.subscribe(() => this.#wake?.());
    const stop = (): void => this.#wake?.();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        this.#pump();
        const next = this.#bytes.shift();
        if (next !== undefined) yield next;
        else if (this.#end === "clean") return;
        else if (this.#end === "broken") throw new Error("ECONNRESET");
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      throw new Error("aborted");
    } finally {
      signal.removeEventListener("abort", stop);
      stopListening();
      closed();
    }
  }

  disturb(how: Disturbance): void {
    this.#pump();
    if (this.#end === undefined) this.#disturbed(how);
    this.#wake?.();
  }

  #disturbed(how: Disturbance): void {
    switch (how) {
      case "close":
        this.#end = "clean";
        return;
      case "reset":
        return this.#cut();
      case "half-line":
        this.#push('{"type":"ADDED","object":{"metadata":{"name":"half","uid":"half"');
        this.#end = this.#context.split() < 0.5 ? "clean" : "broken";
        return;
      case "nonsense":
        return this.#push("<html>busy</html>\n");
      case "gone":
        return this.#sendError(410);
      case "internal-error":
        return this.#sendError(500);
      case "busy":
        return this.#sendError(429);
      case "duplicate":
        return this.#push(this.#lastLine);
      case "bookmark":
        return this.#sendBookmark({});
      case "end-of-initial-events":
        return this.#sendBookmark({ "k8s.io/initial-events-end": "true" });
    }
  }

  /** What has not been read yet is lost from some byte on. */
  #cut(): void {
    const { split } = this.#context;
    this.#bytes.length = Math.floor(split() * this.#bytes.length);
    this.#end = split() < 0.5 ? "clean" : "broken";
  }

  #pump(): void {
    const { store } = this.#collection;
    if (this.#end !== undefined) return;
    if (store.hasForgotten(this.#cursor)) {
      this.#end = "clean";
      return;
    }
    for (const event of store.eventsAfter(this.#cursor)) {
      this.#cursor = event.revision;
      this.#send(event.type, event.object);
    }
  }

  #sendError(code: number): void {
    this.#push(`${JSON.stringify({ type: "ERROR", object: apiStatus(code, "no") })}\n`);
    this.#end = "clean";
  }

  #sendBookmark(annotations: Readonly<Record<string, string>>): void {
    const { resourceVersion } = this.#context.cluster;
    const object = { metadata: { resourceVersion, annotations } };
    this.#push(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #send(type: string, object: unknown): void {
    this.#lastLine = `${JSON.stringify({ type, object })}\n`;
    this.#push(this.#lastLine);
  }

  #push(text: string): void {
    const bytes = Buffer.from(text);
    const at = Math.floor(this.#context.split() * bytes.length);
    for (const piece of [bytes.subarray(0, at), bytes.subarray(at)]) {
      if (piece.length > 0) this.#bytes.push(piece);
    }
  }
}
