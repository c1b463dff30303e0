import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildOnce } from "./build-cache.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

test("buildOnce builds once when two ask at the same time, and publishes nothing when a build fails", async () => {
  await using directory = await createTemporaryDirectory("cache");
  const target = join(directory.path, "thing-v1");
  const built: string[] = [];
  const build = async (into: string): Promise<void> => {
    built.push(into);
    await writeFile(join(into, "program"), "");
  };

  await expect(buildOnce(target, () => Promise.reject(new Error("no network")))).rejects.toThrow(
    "no network",
  );
  await Promise.all([buildOnce(target, build), buildOnce(target, build)]);

  expect(built).toHaveLength(1);
  expect(await readdir(target)).toEqual(["program"]);
  expect((await readdir(directory.path)).toSorted()).toEqual(["thing-v1", "thing-v1.lock"]);
});
