import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

let reaper: Writable | undefined;

/** What must not outlive this process: a process group by its leader's id, or a directory. */
type Leftover =
  | { readonly type: "process"; readonly pid: number }
  | { readonly type: "directory"; readonly path: string };

/**
 * Has something killed or removed when this process ends in whatever way, SIGKILL included. The function that it
 * returns takes that back, for what was cleared up in order. One helper process per process, started when first needed.
 */
export function reapAfterExit(leftover: Leftover): () => void {
  reaper ??= startReaper();
  const what =
    leftover.type === "process" ? `process ${leftover.pid}` : `directory ${leftover.path}`;
  reaper.write(`+${what}\n`);
  return () => {
    reaper?.write(`-${what}\n`);
  };
}

function startReaper(): Writable {
  // Detached, so that Ctrl-C in a terminal reaches this process and not the one that clears up behind it.
  const child = spawn(process.execPath, [fileURLToPath(new URL("reaper.ts", import.meta.url))], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  // A child's pipe is a socket; only sockets can be told not to keep the process alive.
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  child.stdin.on("error", () => {
    // The reaper is gone; what is noted from now on is only cleared up in order.
  });
  return child.stdin;
}
