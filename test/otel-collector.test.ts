import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { serverBinaries, serverTest } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const run = promisify(execFile);
const CONFIG = fileURLToPath(new URL("../otel-collector/config.yaml", import.meta.url));
const TEXT = readFileSync(CONFIG, "utf8");
/** What the head of the file says that a collector must have. */
const COMPONENTS = /It needs the components ([^.]+)\./.exec(TEXT)?.[1]?.split(", ") ?? [];
/** Since collector 0.144. */
const NEW_NAMES = { "otlphttp/": "otlp_http/", "otlp/": "otlp_grpc/" };

serverTest("otel-collector/config.yaml is a valid configuration for a real collector", async () => {
  const validation = validate(TEXT);

  await expect(validation).resolves.toEqual({ stdout: "", stderr: "" });
});

serverTest("otel-collector/config.yaml is valid with the exporters' new names, too", async () => {
  const renamed = Object.entries(NEW_NAMES).reduce(
    (text, [before, after]) => text.replaceAll(new RegExp(`\\b${before}`, "g"), after),
    TEXT,
  );

  const validation = validate(renamed);

  expect(renamed).not.toBe(TEXT);
  await expect(validation).resolves.toEqual({ stdout: "", stderr: "" });
});

serverTest.for(COMPONENTS)(
  "a collector without %s says so when it validates otel-collector/config.yaml",
  async (component) => {
    // A name that this collector lacks stands for a collector that lacks the component.
    const lacking = TEXT.replaceAll(
      new RegExp(`(?<![\\w/.-])${component}(?=[/:,\\]])`, "g"),
      "lacking",
    );

    const validation = validate(lacking);

    await expect(validation).rejects.toThrow(/unknown type: "lacking"/);
  },
);

test("otel-collector/config.yaml names every component that it uses at its head", () => {
  const { receivers, processors, exporters, extensions } = parse(TEXT);
  const ids = [receivers, processors, exporters, extensions].flatMap((section) =>
    Object.keys(section),
  );

  const types = new Set(ids.map((id) => id.replace(/\/.*/, "")));

  expect([...types].toSorted()).toEqual(COMPONENTS.toSorted());
});

test.for(["logs", "metrics", "traces"])(
  "otel-collector/config.yaml says yes to %s only when they are in a queue on disk",
  (signal) => {
    const { exporters, service } = parse(TEXT);

    const pipeline = service.pipelines[signal];

    // Neither `batch`, which says yes from memory, nor `k8sattributes`, which would stamp our own pod on everything.
    expect(pipeline.processors).toEqual(["memory_limiter"]);
    expect(pipeline.exporters.map((name: string) => exporters[name].sending_queue.storage)).toEqual(
      ["file_storage"],
    );
    expect(service.extensions).toContain("file_storage");
  },
);

async function validate(text: string): Promise<{ stdout: string; stderr: string }> {
  await using directory = await createTemporaryDirectory("collector-config");
  const path = join(directory.path, "config.yaml");
  await writeFile(path, text);
  return await run(serverBinaries().otelcol, ["validate", "--config", path]);
}
