import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listenOnLoopback } from "./listen-on-loopback.ts";

export type ConnectProxyOptions = {
  /** PEM; with it the proxy is an https one. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** How it answers a request for a tunnel; default 200, which opens it. 0: not at all. */
  readonly status?: number;
  /** Where tunnels lead, `127.0.0.1:port`; default where they are asked to, so that a test may use any name. */
  readonly leadsTo?: string;
};

/** A proxy that makes tunnels (`CONNECT`), and remembers who asked for which. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: URL;
  /** Requests for tunnels, in order. */
  readonly asked: readonly IncomingMessage[];
  /** Tunnels that are open now. */
  tunnels(): number;
  /** Sockets that are open now, of tunnels and others, on both sides. */
  sockets(): number;
}

/** Listens on a free port of 127.0.0.1 until it is disposed; then all its sockets are closed. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const asked: IncomingMessage[] = [];
  const open = new Set<Duplex>();
  const sockets = new Set<Socket>();
  const server: Server =
    options.tls === undefined ? createHttpServer() : createHttpsServer(options.tls);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => undefined));
  });
  server.on("connect", (request: IncomingMessage, client: Duplex) => {
    asked.push(request);
    client.on("error", () => undefined);
    const { status = 200 } = options;
    if (status === 0) {
      client.on("end", () => client.destroy()).resume();
      return;
    }
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const target = new URL(`http://${options.leadsTo ?? request.url ?? ""}`);
    const upstream = connect(Number(target.port || 80), target.hostname.replaceAll(/[[\]]/g, ""));
    sockets.add(upstream.on("close", () => sockets.delete(upstream)));
    open.add(client);
    client.on("close", () => {
      open.delete(client);
      upstream.destroy();
    });
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    upstream.on("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
  });
  const address = await listenOnLoopback(server);
  return {
    url: new URL(options.tls === undefined ? address : address.replace("http:", "https:")),
    asked,
    tunnels: () => open.size,
    sockets: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
