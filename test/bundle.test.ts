import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { VERSION } from "../src/util/version.ts";
import { definition } from "./support/definition.ts";
import { buildProgram } from "./testbed/build-program.ts";
import { eventually } from "./testbed/eventually.ts";
import { startLifeline } from "./testbed/lifeline.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const run = promisify(execFile);
const LAMPS = { group: "bundle.example.com", kind: "Lamp", plural: "lamps" };
const LAMP = {
  apiVersion: `${LAMPS.group}/v1`,
  kind: LAMPS.kind,
  metadata: { name: "first", namespace: "default" },
};
/** What all of the program adds to a bare Node: 37 MB; client-node's models alone would be 11 more. */
const PROGRAM_MAX_MB = 42;
const NODE_FLAGS = [
  "--max-semi-space-size=16",
  "--heap-growing-percent=80",
  "--disable-warning=ExperimentalWarning",
];
const PEAK_AT_EXIT = `data:text/javascript,${encodeURIComponent(
  'import fs from "node:fs"; process.on("exit", () => fs.writeSync(2, fs.readFileSync("/proc/self/status")));',
)}`;

const cleanup = new AsyncDisposableStack();
let directory: string;
let program: string;

beforeAll(async () => {
  // Far from the repository: a package that was left out would not be found.
  directory = await realpath(cleanup.use(await createTemporaryDirectory("bundle")).path);
  program = await buildProgram(directory);
});

afterAll(async () => {
  await cleanup.disposeAsync();
});

test("the bundle is one file with its source map, and the licences of what is in it", async () => {
  const files = await readdir(join(directory, "dist"));

  const { stdout } = await run(process.execPath, [program, "--version"]);

  const licences = readFileSync(join(directory, "dist", "LICENCES.txt"), "utf8");
  expect(files.toSorted()).toEqual(["LICENCES.txt", "main.js", "main.js.map"]);
  expect(licences).toContain("undici 8.");
  expect(licences).toContain("Copyright (c) Matteo Collina");
  expect(stdout).toBe(`${VERSION}\n`);
});

test("the bundle has client-node's KubeConfig in it, and none of its generated models and APIs", () => {
  const code = readFileSync(program, "utf8");

  const kubeConfigs = code.match(/\bclass KubeConfig\b/g);
  const generated = code.match(/\bclass (?:V\d\w+|\w+Api) /g);

  expect(kubeConfigs).toHaveLength(1);
  expect(generated).toBeNull();
});

test.runIf(process.platform === "linux")(
  "loading the whole bundle takes little memory",
  async () => {
    const bare = await peakMb(["-e", ""]);
    const loaded = await peakMb([program, "--version"]);

    expect(loaded - bare).toBeLessThan(PROGRAM_MAX_MB);
  },
);

test("a crash of the bundle is told with the places in the sources", async () => {
  const fault = join(directory, "fault.mjs");
  writeFileSync(fault, 'process.stdout.write = () => { throw new Error("pulled the plug"); };');

  const crashed = run(process.execPath, ["--import", fault, program, "--version"]);

  await expect(crashed).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^kube-lifeline \S+ crashed: Error: pulled the plug\n(?:.*\n)*? +at main \((?:\S+\/)?src\/main\.ts:\d+:\d+\)/,
    ),
  });
});

test("a crash of the bundle is told whatever was thrown", async () => {
  const fault = join(directory, "no-error.mjs");
  writeFileSync(fault, "process.stdout.write = () => { throw undefined; };");

  const crashed = run(process.execPath, ["--import", fault, program, "--version"]);

  await expect(crashed).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^kube-lifeline \S+ crashed: Error: Thrown value: undefined\n/),
  });
});

serverTest("the bundle tells the life of an object to a real collector", async () => {
  await using cluster = await connectSharedCluster();
  await using collector = await startCollector();
  await cluster.admin.apply(definition(LAMPS));
  const env = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `${LAMPS.plural}.${LAMPS.group}`,
    LIFELINE_METRIC_INTERVAL: "250ms",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  });
  await using lifeline = await startLifeline({ program, env, stateDir: join(directory, "state") });

  await cluster.admin.create({ ...LAMP, spec: { watts: 5 } });
  await cluster.admin.patchStatus(LAMP, { phase: "Lit" });
  await eventually(() => expect(told()).toContain("lifeline.object.phase_changed"));
  await cluster.admin.delete(LAMP);
  await eventually(() => expect(told()).toContain("lifeline.object.deleted"));
  await eventually(() =>
    expect(collector.received.points()).toContainEqual(
      expect.objectContaining({ name: "lifeline.object.phase", flags: 1 }),
    ),
  );
  const { code } = await lifeline.stop();

  expect(code).toBe(0);
  expect(lifeline.stderrRecords().filter(({ level }) => level !== "info")).toEqual([]);

  function told(): readonly string[] {
    return collector.received.logs().map(({ eventName }) => eventName);
  }
});

/** Takes what it is sent, but for records that name a cursed lamp. */
async function judge(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isRefused = request.url === "/v1/logs" && (await buffer(request)).includes("cursed");
  response.writeHead(isRefused ? 400 : 200).end(isRefused ? "no cursed lamps here" : "");
}

async function startGateway(): Promise<string> {
  const gateway = createServer((request, response) => void judge(request, response));
  onTestFinished(() => {
    gateway.close();
    gateway.closeAllConnections();
  });
  return await listenOnLoopback(gateway);
}

serverTest(
  "what a gateway refuses is printed by the bundle's dead-letters while the daemon runs, and after",
  async () => {
    await using cluster = await connectSharedCluster();
    await cluster.admin.apply(definition(LAMPS));
    const stateDir = join(directory, "refused");
    const env = await withPrintedRoles(cluster, {
      LIFELINE_RESOURCES: `${LAMPS.plural}.${LAMPS.group}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: await startGateway(),
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    });
    const cursed = { ...LAMP, metadata: { ...LAMP.metadata, name: "cursed" } };
    await using lifeline = await startLifeline({ program, env, stateDir });
    const print = async (...options: readonly string[]): Promise<readonly string[]> => {
      const address = new URL(lifeline.healthUrl).host;
      await using command = await startLifeline({
        program,
        args: ["dead-letters", ...options],
        env: { LIFELINE_HTTP_ADDRESS: address },
        stateDir,
        untilReady: false,
      });
      expect(await command.exited).toEqual({ code: 0, signal: null });
      return command.stdoutLines;
    };

    await cluster.admin.create(cursed);
    await eventually(async () => expect(await print()).not.toEqual([]));
    const [running, runningJson] = [await print(), await print("--json")];
    await lifeline.stop();
    const [stopped, stoppedJson] = [await print(), await print("--json")];

    expect(running.slice(0, 2)).toEqual([
      expect.stringMatching(/^\d{4}-.*no cursed lamps here/),
      expect.stringMatching(/lifeline\.object\.created {2}Lamp default\/cursed/),
    ]);
    expect(stopped.slice(0, 2)).toEqual(running.slice(0, 2));
    expect(JSON.parse(runningJson[0] ?? "")).toMatchObject({
      signal: "logs",
      records: [{ eventName: "lifeline.object.created" }],
    });
    expect(stoppedJson[0]).toBe(runningJson[0]);
    await cluster.admin.delete(cursed);
  },
);

/** The most that a Node process with these arguments ever had in memory, in megabytes (10⁶ bytes). */
async function peakMb(args: readonly string[]): Promise<number> {
  const { stderr } = await run(process.execPath, [
    "--import",
    PEAK_AT_EXIT,
    ...NODE_FLAGS,
    ...args,
  ]);
  const peakKb = /^VmHWM:\s+(\d+) kB$/m.exec(stderr)?.[1];
  return (Number(peakKb) * 1024) / 1e6;
}
