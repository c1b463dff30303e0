import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { serverBinaries, serverTest } from "../testbed/real-servers.ts";
import { GOLDEN_TREE, goldenUrl, kustomize } from "./kustomize.ts";

serverTest.for(GOLDEN_TREE)(
  "what kustomize makes of the manifests is the golden tree: $file",
  async ({ file, directory }) => {
    const golden = await readFile(goldenUrl(file), "utf8");

    const rendered = await kustomize(serverBinaries().kubectl, directory);

    expect(
      rendered,
      `test/manifests/golden/${file} is not what the manifests give: if the change is meant, run "node test/manifests/update.ts" and commit what it writes`,
    ).toBe(golden);
  },
);
