import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A TCP port on 127.0.0.1 that nothing listens on. Below Linux' ephemeral range (32768 and up), so that no outgoing
 * connection takes it while a server is restarted on it; random, so that two processes hardly ask for the same.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(12_000, 32_000);
    if (await canListen(port)) return port;
  }
  throw new Error(
    "Cannot find a free port on 127.0.0.1 between 12000 and 32000: 50 attempts were all taken",
  );
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    const listening = once(server, "listening");
    server.listen(port, "127.0.0.1");
    await listening;
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
