import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runGo } from "./run-go.ts";
import { downloadModule } from "./upstream-go-mod.ts";

/** 2.8 to its users: its tags from v2 on are no versions of a Go module, a commit is. This one is two days younger than v2.8.0-rc.0. */
export const TEMPO_VERSION = "v1.5.1-0.20250529124718-87c2dc380cec";

const MODULE = "github.com/grafana/tempo";

/** As Grafana's go.sum has them. The checksum database is asked for what it lacks, and need not know a commit. */
const SUMS: readonly string[] = [
  `${MODULE} ${TEMPO_VERSION} h1:wnzJov9RhSHGaTYGzTygL4qq986fLen8xSqnQgaMd28=`,
  `${MODULE} ${TEMPO_VERSION}/go.mod h1:j1IY7J2rUz7TcTjFVVx6HCpyTlYOJPtXuGRZ7sI+vSo=`,
];

/** Builds tempo into `directory`, from its published Go module and with the versions and sums of its own go.mod and go.sum. */
export async function buildTempo(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(dirname(directory), "module");
  await mkdir(cwd);
  const module = await downloadModule({
    path: MODULE,
    version: TEMPO_VERSION,
    cwd,
    env,
    sums: SUMS,
  });
  const flags = ["-mod=readonly", "-trimpath", "-ldflags", "-s -w"];
  await runGo(["build", ...flags, "-o", `${directory}/`, "./cmd/tempo"], {
    title: `building Tempo ${TEMPO_VERSION} (about 5 min on 2 cores, once)`,
    cwd: module.directory,
    env,
  });
}
