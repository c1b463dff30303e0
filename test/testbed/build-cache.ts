import { access, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/**
 * Makes `target` by building into a directory beside it and renaming that, so that whoever sees `target` sees it whole.
 * A second process waits for the first and builds nothing. What a killed build leaves behind goes with its process.
 */
export async function buildOnce(
  target: string,
  build: (directory: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await using held = new AsyncDisposableStack();
  held.use(await lock(`${target}.lock`));
  if (await exists(target)) return;
  await using workspace = await createTemporaryDirectory("building", parent);
  const result = join(workspace.path, "result");
  await mkdir(result);
  await build(result);
  await rename(result, target);
}

/** Holds an exclusive SQLite lock: the kernel releases it when its holder dies, so it never goes stale. */
async function lock(path: string): Promise<Disposable> {
  const database = new DatabaseSync(path);
  for (let attempt = 0; ; attempt++) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return { [Symbol.dispose]: () => database.close() };
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("locked")) throw error;
    }
    if (attempt === 0)
      process.stderr.write(`testbed: another process is building, waiting for it (lock ${path})\n`);
    await sleep(500);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
