import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";
import type { Fault, FaultProxy, Moment } from "./fault.ts";

/**
 * Stands before an OTLP/HTTP receiver on a free port of 127.0.0.1; a receiver that is down is answered for with 502, and
 * log requests that hold `poison` (uncompressed ones) with 400, whatever else is wrong.
 */
export async function startHttpFaultProxy(receiver: string, poison?: string): Promise<FaultProxy> {
  const agent = new Agent();
  const met = new Map<Fault["type"], number>();
  const calls = new Map<Moment, (() => void) | undefined>();
  let fault: Fault = { type: "none" };
  const reach = (moment: Moment, path: string): void => {
    if (path !== "/v1/logs") return;
    const call = calls.get(moment);
    calls.delete(moment);
    call?.();
  };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const path = incoming.url ?? "/";
    const current = fault;
    met.set(current.type, (met.get(current.type) ?? 0) + 1);
    const body = await buffer(incoming);
    reach("arrived", path);
    if (poison !== undefined && path === "/v1/logs" && body.includes(poison))
      return void outgoing.writeHead(400).end("not this");
    if (current.type === "reset-before") return void outgoing.destroy();
    if (current.type === "refuse") return refuse(outgoing, current);
    if (current.type === "slow") await sleep(current.delayMs);
    const given = await request(`${receiver}${path}`, {
      dispatcher: agent,
      method: "POST",
      headers: passedOn(incoming),
      body,
    });
    const content = await buffer(given.body);
    reach("taken", path);
    if (current.type === "reset-after") return void outgoing.destroy();
    const type = String(given.headers["content-type"] ?? "");
    outgoing.writeHead(given.statusCode, { "content-type": type }).end(content);
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.writeHead(502).end());
  });
  const endpoint = await listenOnLoopback(server);
  return {
    endpoint,
    met,
    inflict(next) {
      fault = next;
    },
    atNext: (moment, call) => void calls.set(moment, call),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await agent.destroy();
    },
  };
}

function refuse(
  outgoing: ServerResponse,
  { status, retryAfter }: Extract<Fault, { readonly type: "refuse" }>,
): void {
  const wish = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  outgoing.writeHead(status, wish).end("not now");
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const { "content-type": type = "", "content-encoding": encoding } = headers;
  // A collector refuses "identity" with 400.
  return {
    "content-type": type,
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
  };
}
