import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";
import type { Fault, FaultProxy } from "./fault.ts";
import { InflictedFaults } from "./inflicted-faults.ts";

/**
 * Stands before an OTLP/HTTP receiver on a free port of 127.0.0.1; a receiver that is down is answered for with 502, and
 * log requests that hold `poison` (uncompressed ones) with 400, whatever else is wrong.
 */
export async function startHttpFaultProxy(receiver: string, poison?: string): Promise<FaultProxy> {
  const agent = new Agent();
  const faults = new InflictedFaults();
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const path = incoming.url ?? "/";
    const isLogs = path === "/v1/logs";
    const current = faults.meet();
    const body = await buffer(incoming);
    if (isLogs) faults.reach("arrived");
    if (poison !== undefined && isLogs && body.includes(poison))
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
    if (isLogs) faults.reach("taken");
    if (current.type === "reset-after") return void outgoing.destroy();
    const type = String(given.headers["content-type"] ?? "");
    outgoing.writeHead(given.statusCode, { "content-type": type }).end(content);
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.writeHead(502).end());
  });
  const endpoint = await listenOnLoopback(server);
  return Object.assign(faults, {
    endpoint,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await agent.destroy();
    },
  });
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
