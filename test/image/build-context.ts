import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Which paths of the repository a build sees. */
export type BuildContext = {
  readonly directory: string;
  /** Whether .dockerignore lets a path (relative, with slashes) through: its last matching line decides, also for what is below. */
  readonly includes: (path: string) => boolean;
};

const WILDCARDS: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

export async function readBuildContext(directory: string): Promise<BuildContext> {
  const lines = (await readFile(join(directory, ".dockerignore"), "utf8"))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return {
    directory,
    includes(path) {
      const parts = path.split("/");
      const ways = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
      const last = lines.findLast((line) => ways.some((way) => patternOf(line).test(way)));
      return last === undefined || last.startsWith("!");
    },
  };
}

/** Go's filepath.Match with `**`: unlike in a shell, `*` also matches a leading dot. */
function patternOf(line: string): RegExp {
  const pattern = line
    .replace(/^!/, "")
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*\*|\*|\?/g, (wildcard) => WILDCARDS[wildcard] ?? wildcard);
  return new RegExp(`^${pattern}$`);
}

/** The files that `COPY source` would take, relative to the context. */
export async function filesOf(context: BuildContext, source: string): Promise<readonly string[]> {
  const found: string[] = [];
  const entries = glob([source, `${source}/**`], { cwd: context.directory, withFileTypes: true });
  for await (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(context.directory.length + 1);
    if (entry.isFile() && context.includes(path)) found.push(path);
  }
  return found;
}
