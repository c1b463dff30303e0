import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reapAfterExit } from "./reap-after-exit.ts";

export type TemporaryDirectory = AsyncDisposable & { readonly path: string };

/** A new empty directory that goes with its disposal, and at the latest with this process. */
export async function createTemporaryDirectory(
  name: string,
  parent: string = tmpdir(),
): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(parent, `lifeline-${name}-`));
  const forget = reapAfterExit({ type: "directory", path });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      forget();
    },
  };
}
