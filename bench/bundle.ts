import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "./bench-run.ts";

/** The built program, ready to be started as its own first line says. */
export type Bundle =
  | (Program & { readonly type: "ready" })
  | { readonly type: "unfit"; readonly problem: string };

const REMEDY = 'run "npm run build" first';

/** Besides the sources: what is bundled with them, and how. */
const INGREDIENTS = ["package-lock.json", "rolldown.config.ts"];

/** Finds `dist/main.js` in the project's directory; it must be newer than everything that it is made of. */
export function findBundle(projectDirectory: string): Bundle {
  const path = join(projectDirectory, "dist", "main.js");
  if (!existsSync(path))
    return { type: "unfit", problem: `Cannot bench "dist/main.js": it is not there; ${REMEDY}` };
  const builtMs = statSync(path).mtimeMs;
  const newer = [
    ...sources(join(projectDirectory, "src")).map((file) => `src/${file}`),
    ...INGREDIENTS.filter((file) => existsSync(join(projectDirectory, file))),
  ].find((file) => statSync(join(projectDirectory, file)).mtimeMs > builtMs);
  if (newer !== undefined)
    return {
      type: "unfit",
      problem: `Cannot bench "dist/main.js": it is older than "${newer}"; ${REMEDY}`,
    };
  return { type: "ready", path, ...commandOf(readFileSync(path, "utf8")) };
}

/** Neither tests nor their fakes are part of the bundle. */
function sources(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("testing/"),
  );
}

/** From `#!/usr/bin/env -S NAME=VALUE node --flag --flag`: what the image and a shell give it, too. */
function commandOf(source: string): Pick<Program, "nodeFlags" | "env"> {
  const words = /^#!(.*)/.exec(source)?.[1]?.trim().split(/\s+/) ?? [];
  const node = words.indexOf("node");
  const assignments = words.slice(0, node).filter((word) => word.includes("="));
  return {
    nodeFlags: words.slice(node + 1).filter((word) => word.startsWith("--")),
    env: Object.fromEntries(assignments.map((word) => word.split("=", 2))),
  };
}
