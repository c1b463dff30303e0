import { writeFile } from "node:fs/promises";
import { obtainServerBinaries } from "../testbed/server-binaries.ts";
import { GOLDEN_TREE, goldenUrl, kustomize } from "./kustomize.ts";

// Writes what kustomize makes of the manifests into golden/, where a change of it is read before it is committed.
const testbed = await obtainServerBinaries(process.env);
if (testbed.type === "missing") throw new Error(`Cannot run kubectl: ${testbed.reason}`);
for (const { file, directory } of GOLDEN_TREE)
  await writeFile(goldenUrl(file), await kustomize(testbed.binaries.kubectl, directory));
