import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import configuration from "../../rolldown.config.ts";

/** Bundles the program as `npm run build` does, into `directory`, and returns the path of its `dist/main.js`. */
export async function buildProgram(directory: string): Promise<string> {
  const file = join(directory, "dist", "main.js");
  await build({
    ...configuration,
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    output: { ...[configuration.output].flat()[0], file },
    logLevel: "warn",
  });
  return file;
}
