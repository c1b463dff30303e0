import { once } from "node:events";
import type { Server } from "node:net";

/** Listens on a free port of 127.0.0.1; resolves with the URL. Rejects if that fails. */
export async function listenOnLoopback(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("Cannot tell the port of a server on a pipe");
  return `http://127.0.0.1:${address.port}`;
}
