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
  /** The lines of a go.sum about it, for a version that the checksum database may not know. */
  readonly sums?: readonly string[];
};

/** Downloads a module and returns its go.mod as JSON (`go help mod edit`, type GoMod); `cwd` has a go.mod then, to be replaced. */
export async function fetchGoMod(upstream: UpstreamModule): Promise<unknown> {
  const { goMod: path } = await downloadModule(upstream);
  const goMod = await runGo(["mod", "edit", "-json", path], {
    title: "reading its requirements",
    cwd: upstream.cwd,
    env: upstream.env,
  });
  return JSON.parse(goMod);
}

/** Where Go's module cache, which nobody may write to, has a module. */
type DownloadedModule = { readonly directory: string; readonly goMod: string };

/** Downloads a module, checked against its sums; `cwd` has a go.mod then, to be replaced. */
export async function downloadModule(upstream: UpstreamModule): Promise<DownloadedModule> {
  const { path, version, cwd, env, sums = [] } = upstream;
  await writeFile(join(cwd, "go.mod"), `module testbed\n\ngo ${GO_VERSION_MIN}\n`);
  await writeFile(join(cwd, "go.sum"), sums.map((sum) => `${sum}\n`).join(""));
  const downloaded = await runGo(["mod", "download", "-json", `${path}@${version}`], {
    title: `fetching ${path} ${version}`,
    cwd,
    env,
  });
  const answer: unknown = JSON.parse(downloaded);
  const { Dir: directory, GoMod: goMod } = isMap(answer) ? answer : {};
  if (typeof directory === "string" && typeof goMod === "string") return { directory, goMod };
  throw new Error(`Cannot fetch ${path} ${version}: go mod download answered ${downloaded}`);
}

/** The entries of one of a go.mod's lists, such as `Require` or `Replace`. */
export function goModList(goMod: unknown, field: string): readonly JsonMap[] {
  const list = isMap(goMod) ? goMod[field] : undefined;
  return Array.isArray(list) ? list.filter(isMap) : [];
}
