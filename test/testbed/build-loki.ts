import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMap, type JsonMap } from "../../src/util/json.ts";
import { GO_VERSION_MIN, runGo } from "./run-go.ts";
import { fetchGoMod, goModList } from "./upstream-go-mod.ts";

export const LOKI_VERSION = "v3.7.8";

const MODULE = "github.com/grafana/loki/v3";

/** Builds loki into `directory`, from its published Go module. */
export async function buildLoki(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(dirname(directory), "module");
  await mkdir(cwd);
  const upstream = await fetchGoMod({ path: MODULE, version: LOKI_VERSION, cwd, env });
  await writeFile(join(cwd, "go.mod"), formatGoMod(upstream));
  await runGo(["get", "-tool", `${MODULE}/cmd/loki@${LOKI_VERSION}`], {
    title: `fetching what Loki ${LOKI_VERSION} needs (about 1 min)`,
    cwd,
    env,
  });
  const flags = ["-mod=mod", "-trimpath", "-ldflags", "-s -w"];
  await runGo(["build", ...flags, "-o", `${directory}/`, `${MODULE}/cmd/loki`], {
    title: `building Loki ${LOKI_VERSION} (about 6 min on 2 cores, once)`,
    cwd,
    env,
  });
}

/**
 * Go reads `replace` and `exclude` from the main module alone, so Loki's are repeated here. Replacements by folders of
 * its checkout, which have no version, are left out: the published version serves there.
 */
function formatGoMod(upstream: unknown): string {
  const replacements = goModList(upstream, "Replace").flatMap(({ Old: from, New: to }) =>
    isMap(from) && isMap(to) && typeof to["Version"] === "string"
      ? [`replace ${formatModule(from)} => ${formatModule(to)}`]
      : [],
  );
  const exclusions = goModList(upstream, "Exclude").map(
    (excluded) => `exclude ${formatModule(excluded)}`,
  );
  return ["module testbed", `go ${GO_VERSION_MIN}`, ...replacements, ...exclusions, ""].join("\n");
}

/** A path, and a version where there is one. */
function formatModule({ Path: path, Version: version }: JsonMap): string {
  return [path, version].filter((part) => typeof part === "string").join(" ");
}
