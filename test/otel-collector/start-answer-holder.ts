import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { request } from "undici";
import { listenOnLoopback } from "../../src/testing/listen-on-loopback.ts";

/** An OTLP/HTTP receiver in front of another: hands on every request at once, and answers none of them until told to. */
export type AnswerHolder = AsyncDisposable & {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Answers those that wait, and from now on every request. */
  release(): void;
};

/** Listens on a free port of 127.0.0.1. */
export async function startAnswerHolder(receiver: string): Promise<AnswerHolder> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { "content-type": type = "", "content-encoding": encoding } = incoming.headers;
    const given = await request(`${receiver}${incoming.url}`, {
      method: "POST",
      headers: {
        "content-type": type,
        ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      },
      body: await buffer(incoming),
    });
    const content = await buffer(given.body);
    await released;
    outgoing.writeHead(given.statusCode, { "content-type": type }).end(content);
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const endpoint = await listenOnLoopback(server);
  return {
    endpoint,
    release,
    async [Symbol.asyncDispose]() {
      release();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
