import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { obtainStoreBinaries } from "./server-binaries.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

test("a build that fails says what was tried, what came back, and what would help, and leaves nothing in the cache", async () => {
  await using directory = await createTemporaryDirectory("binaries");
  const programs = join(directory.path, "programs");
  await mkdir(programs);
  const go = join(programs, "go");
  await writeFile(go, "#!/bin/sh\necho 'dial tcp: no route to host' >&2\nexit 1\n");
  await chmod(go, 0o755);
  const env = {
    PATH: `${programs}:/bin:/usr/bin`,
    XDG_CACHE_HOME: directory.path,
    PROMETHEUS: go,
    LOKI: go,
  };

  const obtained = obtainStoreBinaries(env);

  await expect(obtained).rejects.toThrow(
    /Cannot build.*point TEMPO at.*\n.*"go mod download .*tempo@.*ended with code 1.*\n.*no route to host/s,
  );
  const cache = await readdir(join(directory.path, "kube-lifeline", "testbed"));
  expect(cache.filter((name) => !name.endsWith(".lock"))).toEqual([]);
});
