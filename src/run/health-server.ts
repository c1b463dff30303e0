import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { toError } from "../util/to-error.ts";
import { formatHttpUrl, type HttpAddress } from "./http-address.ts";

/** What the health server asks the process; never throws. */
export type HealthChecks = {
  /** One line per thing that isn't ready yet; empty: ready. */
  readonly unready: () => readonly string[];
  /** One line per thing that people should know, though it makes nobody unready. */
  readonly notes: () => readonly string[];
  /** What is in the state file, as JSON; `undefined` before it is open. Not cheap: it reads the whole file. */
  readonly state: () => string | undefined;
  /** What the collector refused, as JSON; `undefined` before the state file is open. */
  readonly deadLetters: () => string | undefined;
};

export type HealthServerStart =
  | { readonly type: "listening"; readonly server: HealthServer }
  | { readonly type: "off" }
  | { readonly type: "failed"; readonly error: Error };

/** Answers until it is disposed of, which also ends connections that are still open. */
export interface HealthServer extends AsyncDisposable {
  /** Such as `http://0.0.0.0:8686`, with the port that was really taken. */
  readonly url: string;
}

/** A probe that takes longer than this to ask has failed anyway (kubelet's default timeout is 1 s). */
const REQUEST_TIMEOUT_MS = 5_000;
/** Probes and people; more is somebody else's mistake. */
const CONNECTIONS_MAX = 64;

/**
 * Serves `/livez`, which is 200 while the loop turns; `/readyz`: 200, or 503 with the reasons, one per line; and to this
 * machine (this pod) alone `/state`, what is in the state file as JSON, for `lifeline check --state`, and `/dead-letters`, what
 * the collector refused, for `lifeline dead-letters`.
 */
export async function startHealthServer(
  address: HttpAddress,
  checks: HealthChecks,
): Promise<HealthServerStart> {
  if (address.type === "off") return { type: "off" };
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => answer(request, response, checks),
  );
  server.maxConnections = CONNECTIONS_MAX;
  try {
    await listen(server, address);
  } catch (thrown) {
    return { type: "failed", error: cannotListen(address, toError(thrown)) };
  }
  return {
    type: "listening",
    server: { url: urlOf(server, address.host), [Symbol.asyncDispose]: () => close(server) },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, checks: HealthChecks): void {
  const { status, text, type = "text/plain" } = decide(request, checks);
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : `${text}\n`);
}

type Decision = {
  readonly status: number;
  readonly text: string;
  readonly type?: "text/plain" | "application/json";
};

function decide(request: IncomingMessage, checks: HealthChecks): Decision {
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, text: "Only GET and HEAD are answered" };
  const path = (request.url ?? "").split("?", 1)[0];
  if (path === "/livez") {
    // That it answers is the answer: the loop turns.
    return { status: 200, text: "ok" };
  }
  if (path === "/readyz") {
    const unready = checks.unready();
    return unready.length === 0
      ? { status: 200, text: ["ok", ...checks.notes()].join("\n") }
      : { status: 503, text: unready.join("\n") };
  }
  if (path === "/state") return decideLocal(request, path, checks.state);
  if (path === "/dead-letters") return decideLocal(request, path, checks.deadLetters);
  return { status: 404, text: "Not found: there are /livez, /readyz, /state and /dead-letters" };
}

/** What is in the file is for who could read the file, too, and reading all of it holds everything else up. */
function decideLocal(
  { socket, method }: IncomingMessage,
  path: string,
  read: () => string | undefined,
): Decision {
  if (socket.remoteAddress === undefined || socket.remoteAddress !== socket.localAddress) {
    const text = `Only the machine (the pod) that this runs on may ask for ${path}`;
    return { status: 403, text };
  }
  const content = method === "HEAD" ? "" : read();
  return content === undefined
    ? { status: 503, text: "The state file can't be read now: the process begins or ends" }
    : { status: 200, text: content, type: "application/json" };
}

function listen(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      // Such as EMFILE when accepting: the connection is lost, the server goes on.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function urlOf(server: Server, host: string): string {
  const bound = server.address();
  return formatHttpUrl({
    host,
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
  });
}

function cannotListen(
  address: { readonly host: string; readonly port: number },
  cause: Error,
): Error {
  const advice =
    "code" in cause && cause.code === "EADDRINUSE"
      ? "another process has the port"
      : "the address must be one of this machine's";
  return new Error(
    `Cannot listen on ${formatHttpUrl(address)}: ${cause.message}; ${advice}, set LIFELINE_HTTP_ADDRESS to another or to off`,
    { cause },
  );
}
