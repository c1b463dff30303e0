import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VARIABLES } from "../src/run/variables.ts";
import { VERSION } from "../src/util/version.ts";
import { type Assembled, assemble } from "./image/assemble.ts";
import { filesOf, readBuildContext } from "./image/build-context.ts";
import { type Dockerfile, parseDockerfile, parsePairs } from "./image/parse-dockerfile.ts";
import { findFreePort } from "./testbed/free-port.ts";
import { PATIENCE_MS } from "./testbed/patience.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest } from "./testbed/real-servers.ts";
import {
  startProcess,
  type SupervisedProcess,
  waitUntilReady,
} from "./testbed/supervised-process.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const STATE = "/var/lib/kube-lifeline";
const LABELS = ["title", "description", "licenses", "version", "revision", "created", "source"];
const BUILD_MS = 120_000;

const resources = new AsyncDisposableStack();
let dockerfile: Dockerfile;
let image: Assembled;
/** Everything that the final stage holds besides its base image. */
let files: readonly string[];

beforeAll(async () => {
  dockerfile = parseDockerfile(await readFile(join(REPOSITORY, "Dockerfile"), "utf8"));
  const directory = resources.use(await createTemporaryDirectory("image")).path;
  await chmod(directory, 0o755);
  image = await assemble(dockerfile, await readBuildContext(REPOSITORY), directory);
  // Who isn't root can't remove what lies in a directory that is read-only.
  resources.defer(async () => await setWritable(image.root, true));
  files = await treeOf(image.root);
  await cp(process.execPath, join(image.root, image.entrypoint[0] ?? ""));
  await setWritable(image.root, false);
}, BUILD_MS);

afterAll(async () => {
  await resources.disposeAsync();
});

test("the image holds the bundle and what belongs to it, and nothing else", () => {
  expect(files).toEqual([
    "/app/LICENSE",
    "/app/dist/LICENCES.txt",
    "/app/dist/main.js",
    "/app/dist/main.js.map",
    "/app/package.json",
    STATE,
  ]);
});

test("the image's command says its version, with nothing writable but the state directory", async () => {
  await using version = await start(["--version"]);
  await using help = await start(["--help"]);

  const statuses = await Promise.all([version.exited, help.exited]);

  expect(statuses).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  expect(version.stdoutLines).toEqual([VERSION]);
  expect(help.stdoutLines.join("\n")).toContain("LIFELINE_RESOURCES");
  expect([...version.stderrLines, ...help.stderrLines]).toEqual([]);
});

serverTest(
  "the image's command gets ready on a real API server, and keeps its state where the volume is",
  async () => {
    await using cluster = await connectSharedCluster();
    await using directory = await createTemporaryDirectory("image-kubeconfig");
    await chmod(directory.path, 0o755);
    const kubeconfig = join(directory.path, "config");
    const watching = await withPrintedRoles(cluster, { LIFELINE_RESOURCES: "configmaps" });
    await writeFile(kubeconfig, await readFile(watching.KUBECONFIG, "utf8"), { mode: 0o644 });
    const address = `127.0.0.1:${await findFreePort()}`;
    await using child = await start([], {
      ...watching,
      KUBECONFIG: kubeconfig,
      LIFELINE_HTTP_ADDRESS: address,
      OTEL_LOGS_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "none",
    });

    const isReady = async (): Promise<boolean> => {
      const { statusCode, body } = await request(`http://${address}/readyz`);
      await body.dump();
      return statusCode === 200;
    };
    await waitUntilReady(child, isReady, { name: "the image's command", timeoutMs: PATIENCE_MS });
    const state = await treeOf(join(image.root, STATE));
    const status = await child.stop();

    expect(status).toEqual({ code: 0, signal: null });
    expect(state).toContain("/lifeline.db");
    expect(child.stderrLines.map((line): unknown => JSON.parse(line)["level"])).not.toContain(
      "error",
    );
  },
);

test("the Dockerfile's images have a tag or a digest, and it is not latest", () => {
  for (const { image: base } of dockerfile.stages) {
    expect(base).toMatch(/^[\w.-]+\/[\w./-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/);
    expect(base).not.toMatch(/:latest$/);
  }
});

test("the Dockerfile builds on the builder's platform with the Node of development, and runs nothing on the target's", async () => {
  const [build, final] = dockerfile.stages;
  const { devDependencies, version, license } = await readPackage();

  expect(build?.flags["platform"]).toBe("$BUILDPLATFORM");
  expect(build?.image).toBe(`docker.io/library/node:${devDependencies["node"]}-slim`);
  expect(final?.flags).toEqual({});
  expect(final?.image).toMatch(new RegExp(`/nodejs${VERSION_OF_NODE}-.*:nonroot$`));
  expect(final?.instructions.map(({ name }) => name)).not.toContain("RUN");
  expect(image.labels).toMatchObject({
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": license,
  });
});

test("the Dockerfile labels the image as the OCI names them", () => {
  const names = Object.keys(image.labels);

  expect(names).toEqual(LABELS.map((name) => `org.opencontainers.image.${name}`));
});

test("the Dockerfile's last user is a number that is not root's, and its command is no shell's", () => {
  const final = dockerfile.stages.at(-1)?.instructions ?? [];
  const names = final.map(({ name }) => name);

  expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(names.lastIndexOf("USER")).toBeGreaterThan(names.lastIndexOf("COPY"));
  expect(names.filter((name) => name === "ENTRYPOINT" || name === "CMD")).toEqual(["ENTRYPOINT"]);
  expect(final.find(({ name }) => name === "ENTRYPOINT")?.text).toMatch(/^\[.*\]$/);
  expect(image.entrypoint[0]).toMatch(/^\//);
});

test("the Dockerfile's volume is the state directory, which belongs to its user", () => {
  const final = dockerfile.stages.at(-1)?.instructions ?? [];
  const owned = final.find(({ text }) => text.endsWith(` ${STATE}`));

  expect(image.env["LIFELINE_STATE_DIR"]).toBe(STATE);
  expect(final.find(({ name }) => name === "VOLUME")?.text).toBe(STATE);
  expect(owned?.flags["chown"]).toBe(image.user);
  expect(final.find(({ name }) => name === "EXPOSE")?.text).toBe(
    VARIABLES.httpAddress.whenUnset.text.split(":")[1],
  );
});

test("the Dockerfile declares no argument that it does not use, and adds nothing from elsewhere", () => {
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions);
  const declared = instructions.filter(({ name }) => name === "ARG");
  const used = instructions.filter(({ name }) => name !== "ARG").map(({ text }) => text);

  for (const name of declared.flatMap(({ text }) => Object.keys(parsePairs(text))))
    expect(used.join("\n")).toContain(`$${name}`);
  expect(Object.keys(dockerfile.globalArguments)).toEqual(["BUILD_IMAGE", "RUNTIME_IMAGE"]);
  expect(instructions.map(({ name }) => name)).not.toContain("ADD");
});

test(".dockerignore keeps tests, their helpers and everything that is not copied out of the build", async () => {
  const context = await readBuildContext(REPOSITORY);

  const sources = await filesOf(context, "src");

  expect(sources).toContain("src/main.ts");
  expect(sources.filter((path) => /\.test\.ts$|^src\/testing\//.test(path))).toEqual([]);
  for (const path of ["test/dockerfile.test.ts", "node_modules/.bin/node", ".git/config", "docs"])
    expect(context.includes(path)).toBe(false);
});

test("Node's flags are the same in the image, in the start script, in the program's first line, and where tests and the demo start it", async () => {
  const { scripts } = await readPackage();
  const [shebang] = (await readFile(join(REPOSITORY, "src/main.ts"), "utf8")).split("\n");

  const words = image.entrypoint.filter((word) => word.startsWith("--"));

  const command = `MALLOC_ARENA_MAX=1 node ${words.join(" ")}`;
  expect(image.env["MALLOC_ARENA_MAX"]).toBe("1");
  expect(scripts["start"]).toBe(`${command} src/main.ts`);
  expect(shebang).toBe(`#!/usr/bin/env -S ${command}`);
  for (const file of ["test/testbed/lifeline.ts", "src/testing/demo/lifeline-process.ts"])
    expect((await readFile(join(REPOSITORY, file), "utf8")).replaceAll(/\s/g, "")).toContain(
      words.map((word) => JSON.stringify(word)).join(","),
    );
});

const VERSION_OF_NODE = process.versions.node.split(".")[0];

/** The image's command, where it lies, as its user if that is possible, in the environment that its ENV gives. */
async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SupervisedProcess> {
  const [command = "", ...rest] = image.entrypoint.map((word) =>
    word.startsWith("/") ? join(image.root, word) : word,
  );
  const [uid, gid] = image.user.split(":").map(Number);
  const user = process.getuid?.() === 0 && uid !== undefined && gid !== undefined;
  return await startProcess(command, [...rest, ...args], {
    cwd: join(image.root, image.workingDirectory),
    env: {
      ...image.env,
      LIFELINE_STATE_DIR: join(image.root, STATE),
      // None of them is there, or may be written.
      PATH: "/nowhere",
      HOME: "/nowhere",
      TMPDIR: "/nowhere",
      ...env,
    },
    ...(user ? { uid, gid } : {}),
  });
}

/** Absolute paths below a root, without directories that hold something. */
async function treeOf(root: string): Promise<readonly string[]> {
  const found = (await readdir(root, { recursive: true })).map((path) => `/${path}`);
  return found.filter((path) => !found.some((other) => other.startsWith(`${path}/`))).toSorted();
}

/** Of all but the state directory, for everybody. */
async function setWritable(root: string, isWritable: boolean): Promise<void> {
  const [directory, file] = isWritable ? [0o755, 0o644] : [0o555, 0o444];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path.startsWith(join(root, STATE))) continue;
    const isProgram = path.endsWith(image.entrypoint[0] ?? "/");
    await chmod(path, entry.isDirectory() || isProgram ? directory : file);
  }
}

async function readPackage(): Promise<{
  readonly version: string;
  readonly license: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}> {
  return JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
}
