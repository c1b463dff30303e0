import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, type JsonMap } from "../../src/util/json.ts";
import { GO_VERSION_MIN, runGo } from "./run-go.ts";

/** A published module, and where and with what `go` is run. */
export type UpstreamModule = {
  readonly path: string;
  readonly version: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
};

/** Downloads a module and returns its go.mod as JSON (`go help mod edit`, type GoMod); `cwd` has a go.mod then, to be replaced. */
export async function fetchGoMod({ path, version, cwd, env }: UpstreamModule): Promise<unknown> {
  await writeFile(join(cwd, "go.mod"), `module testbed\n\ngo ${GO_VERSION_MIN}\n`);
  const downloaded = await runGo(["mod", "download", "-json", `${path}@${version}`], {
    title: `fetching ${path} ${version}`,
    cwd,
    env,
  });
  const answer: unknown = JSON.parse(downloaded);
  if (!isMap(answer) || typeof answer["GoMod"] !== "string")
    throw new Error(
      `Cannot read go.mod of ${path} ${version}: go mod download answered ${downloaded}`,
    );
  const goMod = await runGo(["mod", "edit", "-json", answer["GoMod"]], {
    title: "reading its requirements",
    cwd,
    env,
  });
  return JSON.parse(goMod);
}

/** The entries of one of a go.mod's lists, such as `Require` or `Replace`. */
export function goModList(goMod: unknown, field: string): readonly JsonMap[] {
  const list = isMap(goMod) ? goMod[field] : undefined;
  return Array.isArray(list) ? list.filter(isMap) : [];
}
