import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../util/clock.ts";

/** How the program ended; `exitCode` is null where a signal killed it. */
export type ProcessEnd = { readonly exitCode: number | null; readonly stderr: string };

/** The real program as a child process, told what to do by its environment alone. */
export interface LifelineProcess {
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Asks it to stop (SIGTERM) and resolves with its end; kills it if that takes longer than it promises. */
  stop(): Promise<ProcessEnd>;
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** As in the image and in `npm start`. */
const NODE_FLAGS = [
  "--max-semi-space-size=16",
  "--heap-growing-percent=80",
  "--disable-warning=ExperimentalWarning",
];
const STDERR_MAX_CHARACTERS = 65_536;
/** Longer than the 10 s that the program gives itself. */
const KILL_AFTER_MS = 12_000;

/** Starts `src/main.ts`; what it says about itself (stderr) is kept, not shown. */
export function startLifeline(
  environment: Readonly<Record<string, string>>,
  clock: Clock,
): LifelineProcess {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN], {
    env: { ...environment },
    stdio: ["ignore", "ignore", "pipe"],
    // A process group of its own: Ctrl-C is for the demo, which then asks the program to stop, once.
    detached: true,
  });
  // Whatever becomes of us, it must not stay behind.
  const kill = (): unknown => child.kill("SIGKILL");
  process.on("exit", kill);
  const ended = waitFor(child).finally(() => process.off("exit", kill));
  return {
    ended,
    async stop() {
      child.kill("SIGTERM");
      const inTime = new AbortController();
      void clock.sleep(KILL_AFTER_MS, inTime.signal).then(() => inTime.signal.aborted || kill());
      const end = await ended;
      inTime.abort();
      return end;
    },
  };
}

async function waitFor(child: ChildProcess): Promise<ProcessEnd> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-STDERR_MAX_CHARACTERS);
  });
  try {
    await once(child, "close");
  } catch (error) {
    stderr = `${stderr}${String(error)}\n`;
  }
  return { exitCode: child.exitCode, stderr };
}
