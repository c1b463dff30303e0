import { execFile } from "node:child_process";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";

const run = promisify(execFile);

/** A file system of a few megabytes, which the test fills and empties; unmounted with its disposal. */
export type SmallDisk = AsyncDisposable & {
  readonly path: string;
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  free(): Promise<void>;
  makeReadOnly(): Promise<void>;
};

/** Whether this user may mount one. */
export async function mayMount(): Promise<boolean> {
  try {
    await using disk = await mountSmallDisk();
    return disk.path !== "";
  } catch {
    return false;
  }
}

export async function mountSmallDisk(): Promise<SmallDisk> {
  await using starting = new AsyncDisposableStack();
  const { path } = starting.use(await createTemporaryDirectory("disk"));
  await run("mount", ["-t", "tmpfs", "-o", "size=4m,mode=700", "lifeline-test", path]);
  // At once, whoever still has a file open: a program that a failed test left behind, say.
  starting.defer(async () => void (await run("umount", ["--lazy", path])));
  const filler = join(path, "filler");
  const everything = starting.move();
  return {
    path,
    async fill() {
      for (const size of [64 * 1024, 4096]) await fillWith(filler, size);
    },
    free: () => rm(filler),
    makeReadOnly: async () => void (await run("mount", ["-o", "remount,ro", path])),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

async function fillWith(file: string, size: number): Promise<void> {
  try {
    for (;;) await appendFile(file, Buffer.alloc(size));
  } catch {
    // Full.
  }
}

/** From now on no file of that process may grow beyond so many bytes (EFBIG, which SQLite tells as an I/O error). */
export async function limitFileSize(pid: number, bytes: number | "unlimited"): Promise<void> {
  await run("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}
