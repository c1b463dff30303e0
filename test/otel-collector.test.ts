import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { serverBinaries, serverTest } from "./testbed/real-servers.ts";

const run = promisify(execFile);
const CONFIG = fileURLToPath(new URL("../otel-collector/config.yaml", import.meta.url));

serverTest("otel-collector/config.yaml is a valid configuration for a real collector", async () => {
  const validation = run(serverBinaries().otelcol, ["validate", "--config", CONFIG]);

  await expect(validation).resolves.toEqual({ stdout: "", stderr: "" });
});

test.for(["logs", "metrics", "traces"])(
  "otel-collector/config.yaml says yes to %s only when they are in a queue on disk",
  (signal) => {
    const { exporters, service } = parse(readFileSync(CONFIG, "utf8"));

    const pipeline = service.pipelines[signal];

    // Neither `batch`, which says yes from memory, nor `k8sattributes`, which would stamp our own pod on everything.
    expect(pipeline.processors).toEqual(["memory_limiter"]);
    expect(pipeline.exporters.map((name: string) => exporters[name].sending_queue.storage)).toEqual(
      ["file_storage"],
    );
    expect(service.extensions).toContain("file_storage");
  },
);
