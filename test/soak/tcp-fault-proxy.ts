import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { unreachable } from "../../src/util/unreachable.ts";
import type { Fault, FaultProxy, Moment } from "./fault.ts";

/** Stands before any receiver and understands nothing of what passes: for gRPC. */
export async function startTcpFaultProxy(receiver: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(receiver);
  const met = new Map<Fault["type"], number>();
  const calls = new Map<Moment, (() => void) | undefined>();
  const sockets = new Set<Socket>();
  let fault: Fault = { type: "none" };
  const reach = (moment: Moment): void => {
    const call = calls.get(moment);
    calls.delete(moment);
    call?.();
  };
  const server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => sockets.delete(socket));
    }
    const pass = async (moment: Moment, chunk: Buffer): Promise<void> => {
      met.set(fault.type, (met.get(fault.type) ?? 0) + 1);
      reach(moment);
      if (await breaks(fault, moment)) return end();
      (moment === "arrived" ? far : near).write(chunk);
    };
    // One after the other, or a slow chunk would be overtaken.
    let [there, back] = [Promise.resolve(), Promise.resolve()];
    near.on("data", (chunk) => {
      there = there.then(() => pass("arrived", chunk));
    });
    far.on("data", (chunk) => {
      back = back.then(() => pass("taken", chunk));
    });
    // What is under way is passed on first.
    near.on("close", () => void there.then(() => far.end()));
    far.on("close", () => void back.then(() => near.end()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot tell the port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    met,
    inflict(next) {
      fault = next;
    },
    atNext: (moment, call) => void calls.set(moment, call),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Whether the connection ends here; waits if the fault is to be slow. */
async function breaks(fault: Fault, moment: Moment): Promise<boolean> {
  switch (fault.type) {
    case "none":
      return false;
    case "refuse":
    case "reset-before":
      return moment === "arrived";
    case "reset-after":
      return moment === "taken";
    case "slow":
      await sleep(fault.delayMs);
      return false;
    default:
      return unreachable(fault);
  }
}
