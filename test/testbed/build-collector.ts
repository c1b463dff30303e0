import { createHash } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { runGo } from "./run-go.ts";

export const COLLECTOR_VERSION = "v0.161.0";

const CORE = "go.opentelemetry.io/collector";
const CONTRIB = "github.com/open-telemetry/opentelemetry-collector-contrib";

/** The parts of the collector that suites and the shipped collector configuration use. */
const COMPONENTS = {
  receivers: [`${CORE}/receiver/otlpreceiver`],
  processors: [`${CORE}/processor/memorylimiterprocessor`],
  exporters: [
    `${CORE}/exporter/debugexporter`,
    `${CORE}/exporter/otlpexporter`,
    `${CORE}/exporter/otlphttpexporter`,
    `${CONTRIB}/exporter/fileexporter`,
  ],
  extensions: [
    `${CONTRIB}/extension/healthcheckextension`,
    `${CONTRIB}/extension/storage/filestorage`,
  ],
};

/** Changes with the list of parts, so that a cache never serves a collector that lacks one. */
export const COLLECTOR_RECIPE_ID: string = createHash("sha256")
  .update(JSON.stringify(COMPONENTS))
  .digest("hex")
  .slice(0, 8);

/** Builds otelcol with these parts into `directory`, by the collector's own builder. */
export async function buildCollector(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = dirname(directory);
  await writeFile(join(cwd, "builder.yaml"), stringify(builderConfiguration()));
  await runGo(["run", `${CORE}/cmd/builder@${COLLECTOR_VERSION}`, "--config", "builder.yaml"], {
    title: `building otelcol ${COLLECTOR_VERSION} (about 2 min on 2 cores, once)`,
    cwd,
    env,
  });
  await rename(join(cwd, "distribution", "otelcol"), join(directory, "otelcol"));
}

function builderConfiguration(): object {
  const modules = Object.entries(COMPONENTS).map(([role, paths]) => [
    role,
    paths.map((path) => ({ gomod: `${path} ${COLLECTOR_VERSION}` })),
  ]);
  return {
    dist: { name: "otelcol", output_path: "./distribution", version: COLLECTOR_VERSION.slice(1) },
    // Object.fromEntries widens; the builder checks the keys.
    ...Object.fromEntries(modules),
  };
}
