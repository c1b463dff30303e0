import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { request } from "undici";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";

/** An OTLP/HTTP receiver in front of another, which hands on every request and may lose the answers to log requests. */
export type AckDropper = AsyncDisposable & {
  readonly httpEndpoint: string;
  /** Log requests that begin from now on are taken by the receiver behind, and then their sender's connection breaks. */
  drop(): void;
};

/** Listens on a free port of 127.0.0.1; passes answers on until told to drop them. */
export async function startAckDropper(receiver: string): Promise<AckDropper> {
  let isDropping = false;
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const path = incoming.url ?? "/";
    const isDropped = isDropping && path === "/v1/logs";
    const given = await handOn(`${receiver}${path}`, incoming);
    if (isDropped) outgoing.destroy();
    else pass(given, outgoing);
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const httpEndpoint = await listenOnLoopback(server);
  return {
    httpEndpoint,
    drop() {
      isDropping = true;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Answer = { readonly status: number; readonly contentType: string; readonly body: Buffer };

async function handOn(url: string, incoming: IncomingMessage): Promise<Answer> {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = incoming.headers;
  const { statusCode, headers, body } = await request(url, {
    method: "POST",
    headers: { "content-type": type, "content-encoding": encoding },
    body: await buffer(incoming),
  });
  return {
    status: statusCode,
    contentType: String(headers["content-type"] ?? ""),
    body: Buffer.from(await body.arrayBuffer()),
  };
}

function pass(answer: Answer, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.status, { "content-type": answer.contentType });
  outgoing.end(answer.body);
}
