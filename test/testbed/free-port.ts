import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

const LANES = 16;
const told = new Set<number>();

/** Vitest numbers its workers from 1 on; what runs beside them, such as a global setup, has no number. */
function lane(): number {
  return Number(process.env["VITEST_POOL_ID"] ?? 0) % LANES;
}

/**
 * A TCP port on 127.0.0.1 that nothing listens on. Below Linux' ephemeral range (32768 and up), so that no outgoing
 * connection takes it while a server is restarted on it. Nobody else of the same run is told of it: each worker has ports
 * of its own, and tells of each once, for between this answer and the server's start, or while a server is down, nothing
 * listens there. Random, so that two runs hardly ask for the same.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(12_000 / LANES, 32_000 / LANES) * LANES + lane();
    if (told.has(port) || !(await canListen(port))) continue;
    told.add(port);
    return port;
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
