import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { json } from "node:stream/consumers";
import { type Clock, systemClock } from "../../util/clock.ts";
import type { AccessRule } from "./access.ts";
import { answer, type AnswerState, type WatchListMode } from "./answer.ts";
import { apiStatus, expiredStatus, statusReply } from "./api-status.ts";
import { type Fault, FaultSwitches } from "./faults.ts";
import { kubeconfigFor } from "./kubeconfig.ts";
import { listenOnLoopback } from "../listen-on-loopback.ts";
import { OpenWatch } from "./open-watch.ts";
import { type ParsedRequest, parseRequest, type SeenRequest } from "./seen-request.ts";
import { SimulatedCluster, type SimulatedClusterOptions } from "./simulated-cluster.ts";
import { faultReply, writeReply } from "./write-reply.ts";

export type SimulatedApiServerOptions = Partial<SimulatedClusterOptions> & {
  /** Sends each watch that asked for them a bookmark so often; default: only when the test says so. */
  readonly bookmarkIntervalMs?: number;
  /** Serves HTTPS with this certificate and key (PEM). */
  readonly tls?: { readonly cert: string; readonly key: string };
};

/** What a test may turn while the server runs. */
type ServerSettings = {
  /** Default: everything is allowed. Holds for reviews and for the requests themselves. */
  isAllowed: AccessRule;
  /** When set, requests with another bearer token are answered with 401. */
  token: string | undefined;
  /** False: discovery as before Kubernetes 1.26. */
  isDiscoveryAggregated: boolean;
  readonly staleGroups: Set<string>;
  /** How a watch learns that its resourceVersion is too old; real servers say it in the stream. */
  expiredWatch: "stream" | "http";
  watchList: WatchListMode;
};

type ServerCounts = {
  readonly requests: number;
  readonly socketsOpened: number;
  readonly socketsOpen: number;
  readonly watchesOpened: number;
};

/** Kept for the test to look at; older ones are forgotten. */
const SEEN_REQUESTS_MAX = 10_000;

/**
 * An API server without a cluster behind it: real list and watch semantics over a real socket, steered by the test.
 *
 * The cluster's objects are changed through `cluster`, in-process; over HTTP it only reads (and reviews access).
 * It streams lists (`sendInitialEvents`) unless `settings.watchList` says otherwise.
 */
export interface SimulatedApiServer extends AsyncDisposable {
  readonly url: string;
  readonly cluster: SimulatedCluster;
  readonly faults: FaultSwitches;
  readonly settings: ServerSettings;
  /** The content of a kubeconfig file for this server. */
  kubeconfig(): string;
  /** The streams that are open now, oldest first. */
  watches(): readonly OpenWatch[];
  requests(): readonly SeenRequest[];
  counts(): ServerCounts;
  /** Resolves when the condition holds; looked at after each request, each end of a watch and each end of a socket. */
  until(condition: () => boolean): Promise<void>;
  sendBookmarks(): void;
}

/** Listens on a free port of 127.0.0.1 until it is disposed; then all its sockets are closed. */
export async function startSimulatedApiServer(
  options: SimulatedApiServerOptions = {},
): Promise<SimulatedApiServer> {
  const clock = options.clock ?? systemClock;
  const running = new RunningServer(
    new SimulatedCluster({ ...options, clock }),
    clock,
    options.tls,
  );
  await running.listen();
  if (options.bookmarkIntervalMs !== undefined)
    void running.sendBookmarksEvery(options.bookmarkIntervalMs);
  return running;
}

class RunningServer implements SimulatedApiServer {
  readonly cluster: SimulatedCluster;
  readonly faults: FaultSwitches = new FaultSwitches();
  readonly settings: ServerSettings = {
    isAllowed: () => true,
    token: undefined,
    isDiscoveryAggregated: true,
    staleGroups: new Set(),
    expiredWatch: "stream",
    watchList: "served",
  };
  url = "";
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #scheme: string;
  readonly #stopped = new AbortController();
  readonly #watches = new Set<OpenWatch>();
  readonly #waiters = new Set<() => void>();
  readonly #seen: SeenRequest[] = [];
  #counts: ServerCounts = { requests: 0, socketsOpened: 0, socketsOpen: 0, watchesOpened: 0 };

  constructor(cluster: SimulatedCluster, clock: Clock, tls: SimulatedApiServerOptions["tls"]) {
    this.cluster = cluster;
    this.#clock = clock;
    const listener: RequestListener = (request, response) => void this.#handle(request, response);
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#scheme = tls === undefined ? "http:" : "https:";
    // A client's idle connection is closed by the client, as it is with a real API server.
    this.#server.keepAliveTimeout = 0;
    this.#server.on("connection", (socket) => {
      this.#count({ socketsOpened: 1, socketsOpen: 1 });
      socket.on("close", () => this.#count({ socketsOpen: -1 }));
    });
  }

  async listen(): Promise<void> {
    this.url = (await listenOnLoopback(this.#server)).replace("http:", this.#scheme);
  }

  async sendBookmarksEvery(intervalMs: number): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#clock.sleep(intervalMs, signal);
      if (!signal.aborted) this.sendBookmarks();
    }
  }

  kubeconfig(): string {
    return kubeconfigFor(this.url, this.settings.token);
  }

  watches(): readonly OpenWatch[] {
    return [...this.#watches];
  }

  requests(): readonly SeenRequest[] {
    return this.#seen;
  }

  counts(): ServerCounts {
    return this.#counts;
  }

  sendBookmarks(): void {
    for (const watch of this.#watches) watch.sendBookmark();
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = parseRequest(request);
    const body: unknown =
      request.method === "POST" ? await json(request).catch(() => undefined) : undefined;
    this.#seen.push(parsed.seen);
    if (this.#seen.length > SEEN_REQUESTS_MAX) this.#seen.shift();
    this.#count({ requests: 1 });
    const fault = this.faults.strike(parsed.seen);
    if (fault?.type === "delay") await this.#clock.sleep(fault.delayMs, this.#stopped.signal);
    if (fault?.type === "freeze") return;
    if (fault?.type === "reset") request.socket.resetAndDestroy();
    else this.#answer(parsed, { response, body, fault });
  }

  #answer(parsed: ParsedRequest, { response, body, fault }: Exchange): void {
    if (fault?.type === "answer") {
      const message = fault.message ?? `simulated fault ${fault.code}`;
      writeReply(response, faultReply(fault, apiStatus(fault.code, message)));
      return;
    }
    const { token } = this.settings;
    if (token !== undefined && parsed.seen.headers.authorization !== `Bearer ${token}`) {
      writeReply(response, statusReply(401, "Unauthorized"));
      return;
    }
    const said = answer(parsed, body, this.#answerState());
    if (said.type === "reply") {
      writeReply(response, said.reply, fault?.type === "truncate" ? fault : undefined);
      return;
    }
    const newestRevision = (): number => Number(this.cluster.resourceVersion);
    const fromRevision = said.type === "watch" ? said.fromRevision : newestRevision();
    const watch = new OpenWatch(response, {
      collection: said.collection,
      request: parsed.seen,
      fromRevision,
      marksInitialEvents: said.type === "watch" && said.marksInitialEvents,
      newestRevision,
    });
    if (said.type === "watch") this.#keep(watch, parsed, response);
    else watch.sendError(expiredStatus(said.fromRevision, said.collection.store.oldestRevision));
  }

  #keep(watch: OpenWatch, { query }: ParsedRequest, response: ServerResponse): void {
    const ended = new AbortController();
    this.#watches.add(watch);
    response.on("close", () => {
      ended.abort();
      this.#watches.delete(watch);
      this.#count({});
    });
    this.#count({ watchesOpened: 1 });
    const timeoutMs = Number(query.get("timeoutSeconds") ?? 0) * 1000;
    if (timeoutMs > 0) void this.#endAfter(watch, timeoutMs, ended.signal);
  }

  async #endAfter(watch: OpenWatch, timeoutMs: number, ended: AbortSignal): Promise<void> {
    await this.#clock.sleep(timeoutMs, ended);
    if (ended.aborted) return;
    watch.sendBookmark();
    watch.end();
  }

  #answerState(): AnswerState {
    const { isAllowed, isDiscoveryAggregated, staleGroups, ...watching } = this.settings;
    const discovery = { isAggregated: isDiscoveryAggregated, staleGroups };
    return { cluster: this.cluster, isAllowed, discovery, ...watching };
  }

  #count(by: Partial<ServerCounts>): void {
    const { requests, socketsOpened, socketsOpen, watchesOpened } = this.#counts;
    this.#counts = {
      requests: requests + (by.requests ?? 0),
      socketsOpened: socketsOpened + (by.socketsOpened ?? 0),
      socketsOpen: socketsOpen + (by.socketsOpen ?? 0),
      watchesOpened: watchesOpened + (by.watchesOpened ?? 0),
    };
    for (const look of this.#waiters) look();
  }
}

type Exchange = {
  readonly response: ServerResponse;
  readonly body: unknown;
  readonly fault: Fault | undefined;
};
