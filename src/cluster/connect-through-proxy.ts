import { once } from "node:events";
import { request as requestHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type Socket } from "node:net";
import { getCACertificates } from "node:tls";
import { buildConnector } from "undici";
import { toError } from "../util/to-error.ts";
import type { TlsOptions } from "./credentials.ts";
import { describeProxyError, ProxyError } from "./network-error.ts";

export type ThroughProxyOptions = {
  readonly proxy: URL;
  readonly tls: TlsOptions;
  /** For the way to the proxy and its answer, and again for the handshake behind it. */
  readonly timeoutMs: number;
  /** Ends what is on its way; undici ends only sockets that it has. */
  readonly signal: AbortSignal;
};

/** As undici has it for sockets of its own. */
const KEEP_ALIVE_MS = 60_000;

/**
 * How undici gets a socket to the API server: a tunnel (`CONNECT`) for each, for plain http too, so that a watch has a
 * socket of its own there as well. What goes wrong on the way is a `ProxyError`, and repeats no credentials.
 */
export function createProxyConnector(options: ThroughProxyOptions): buildConnector.connector {
  const { tls, timeoutMs } = options;
  const connectInTunnel = buildConnector({ ...tls, timeout: timeoutMs, allowH2: false });
  async function connect(
    target: buildConnector.Options,
    callback: buildConnector.Callback,
  ): Promise<void> {
    const tunnel = await openTunnel(target, options);
    if (tunnel.type === "failed") callback(tunnel.error, null);
    else if (target.protocol === "https:")
      connectInTunnel({ ...target, httpSocket: tunnel.socket }, callback);
    else callback(null, tunnel.socket);
  }
  return (target, callback) => void connect(target, callback);
}

type Tunnel =
  | { readonly type: "open"; readonly socket: Socket }
  | { readonly type: "failed"; readonly error: ProxyError };

async function openTunnel(
  { hostname, port, protocol }: buildConnector.Options,
  options: ThroughProxyOptions,
): Promise<Tunnel> {
  const { timeoutMs, signal } = options;
  const late = new AbortController();
  const giveUp = (): void => late.abort();
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
  const authority = `${host}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
  try {
    const request = askForTunnel(authority, options, late.signal);
    request.end();
    const [response, socket] = await answerOf(request);
    if (response.statusCode !== 200) {
      socket.on("error", () => undefined).destroy();
      return failed(`it answered ${authority} with ${describeStatus(response)}`);
    }
    return { type: "open", socket: socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS) };
  } catch (error) {
    if (late.signal.aborted)
      return failed(`it answered nothing within ${timeoutMs / 1000} s`, error);
    return failed(describeProxyError(error), error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

function failed(problem: string, cause?: unknown): Tunnel {
  const error = new ProxyError(
    `the proxy cannot be passed: ${problem}`,
    cause === undefined ? {} : { cause: toError(cause) },
  );
  return { type: "failed", error };
}

function askForTunnel(
  authority: string,
  { proxy, tls }: ThroughProxyOptions,
  signal: AbortSignal,
): ClientRequest {
  const hostname = proxy.hostname.replace(/^\[|\]$/g, "");
  const isTls = proxy.protocol === "https:";
  const common = {
    method: "CONNECT",
    host: hostname,
    port: proxy.port === "" ? (isTls ? 443 : 80) : proxy.port,
    path: authority,
    headers: { host: authority, ...basicCredentials(proxy) },
    agent: false,
    signal,
  } as const;
  if (!isTls) return requestHttp(common);
  // client-go trusts the cluster's CA there alone; a proxy of everybody's has a certificate of everybody's.
  const ca = [...getCACertificates("default"), ...(tls.ca === undefined ? [] : [tls.ca])];
  // The API server's name and our client certificate are none of the proxy's business.
  const { rejectUnauthorized = true } = tls;
  return requestHttps({
    ...common,
    ca,
    rejectUnauthorized,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
  });
}

async function answerOf(request: ClientRequest): Promise<[IncomingMessage, Socket]> {
  const [response, socket] = (await once(request, "connect")) as [IncomingMessage, Socket];
  return [response, socket];
}

function basicCredentials({ username, password }: URL): {
  readonly "proxy-authorization"?: string;
} {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function describeStatus({ statusCode, statusMessage }: IncomingMessage): string {
  const said = `${statusCode} ${statusMessage ?? ""}`.trimEnd();
  if (statusCode === 407) return `${said}: it wants a name and a password in its URL`;
  if (statusCode === 403)
    return `${said}: it does not allow this; NO_PROXY names what needs no proxy`;
  return said;
}
