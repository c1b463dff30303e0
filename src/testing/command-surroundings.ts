import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../run/commands/surroundings.ts";
import { systemClock } from "../util/clock.ts";

/** What a command is run in by a test, and what it wrote there. */
export type CommandSurroundings = Disposable &
  Surroundings & {
    /** A directory of the test's own, which is the home directory, too. */
    readonly directory: string;
    readonly out: () => string;
    readonly err: () => string;
  };

/** Nothing is inherited: the environment is what the test says, with a kubeconfig file of that content. */
export function createCommandSurroundings(
  env: Readonly<Record<string, string>>,
  kubeconfig?: string,
): CommandSurroundings {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-command-"));
  const path = join(directory, "kubeconfig");
  if (kubeconfig !== undefined) writeFileSync(path, kubeconfig);
  const written = { out: "", err: "" };
  return {
    env: { ...(kubeconfig === undefined ? {} : { KUBECONFIG: path }), ...env },
    home: directory,
    temporaryDirectory: directory,
    clock: systemClock,
    stdout: { isTerminal: false, color: false, write: (text) => void (written.out += text) },
    stderr: { write: (text) => void (written.err += text) },
    directory,
    out: () => written.out,
    err: () => written.err,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
