import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GO_VERSION_MIN, runGo } from "./run-go.ts";

/** As a Go module; 3.15.0 to its users. */
export const PROMETHEUS_VERSION = "v0.315.0";

const COMMAND = "github.com/prometheus/prometheus/cmd/prometheus";

/** Builds prometheus into `directory`, from its published Go module. Without service discovery, which is most of its code. */
export async function buildPrometheus(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(dirname(directory), "module");
  await mkdir(cwd);
  await writeFile(join(cwd, "go.mod"), `module testbed\n\ngo ${GO_VERSION_MIN}\n`);
  await runGo(["get", "-tool", `${COMMAND}@${PROMETHEUS_VERSION}`], {
    title: `fetching what Prometheus ${PROMETHEUS_VERSION} needs (about 1 min)`,
    cwd,
    env,
  });
  const flags = ["-trimpath", "-ldflags", "-s -w", "-tags", "remove_all_sd"];
  await runGo(["build", ...flags, "-o", `${directory}/`, COMMAND], {
    title: `building Prometheus ${PROMETHEUS_VERSION} (about 4 min on 2 cores, once)`,
    cwd,
    env,
  });
}
