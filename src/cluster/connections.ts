import { Agent, type Dispatcher } from "undici";
import { createProxyConnector } from "./connect-through-proxy.ts";
import type { TlsOptions } from "./credentials.ts";

/** The sockets to one API server under one TLS identity. */
export interface Connections {
  /** One socket per request: a watch holds its socket for minutes. */
  readonly watches: Dispatcher;
  /** A few sockets that take turns. */
  readonly requests: Dispatcher;
  /** Whether new requests with these options may use them. */
  serves(tls: TlsOptions): boolean;
  /** Takes no more requests; those running end by themselves. */
  retire(): void;
  /** Ends everything at once. */
  destroy(): Promise<void>;
}

export type ConnectionsOptions = {
  readonly tls: TlsOptions;
  readonly answerTimeoutMs: number;
  readonly proxy?: URL;
};

/** Lists, discovery and access reviews of a start with hundreds of kinds, without crowding the API server. */
const REQUEST_SOCKETS = 4;
const CONNECT_TIMEOUT_MS = 10_000;

/** Opens nothing yet. HTTP/1.1 only: over one HTTP/2 session watches queue behind each other. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { tls, answerTimeoutMs } = options;
  // A watch is quiet for as long as nothing happens: its reader sets the deadline.
  const gone = new AbortController();
  const from = { ...options, signal: gone.signal };
  const watches = createDispatcher(from, { bodyTimeout: 0 });
  const requests = createDispatcher(from, {
    bodyTimeout: answerTimeoutMs,
    connections: REQUEST_SOCKETS,
  });
  const identity = JSON.stringify(tls);
  return {
    watches,
    requests,
    serves: (wanted) => JSON.stringify(wanted) === identity,
    retire() {
      for (const dispatcher of [watches, requests]) dispatcher.close().catch(() => undefined);
    },
    async destroy() {
      gone.abort();
      await Promise.all([watches.destroy(), requests.destroy()]);
    },
  };
}

function createDispatcher(
  { tls, answerTimeoutMs, proxy, signal }: ConnectionsOptions & { readonly signal: AbortSignal },
  limits: { readonly bodyTimeout: number; readonly connections?: number },
): Dispatcher {
  const connect =
    proxy === undefined
      ? { ...tls, timeout: CONNECT_TIMEOUT_MS }
      : createProxyConnector({ proxy, tls, timeoutMs: CONNECT_TIMEOUT_MS, signal });
  const headersTimeout = answerTimeoutMs;
  return new Agent({ ...limits, headersTimeout, pipelining: 1, allowH2: false, connect });
}
