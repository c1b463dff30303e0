import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect } from "vitest";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { definition } from "./support/definition.ts";
import { inspectStateFile } from "../src/store/inspect-database.ts";
import { probe } from "./support/probe.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { ENDS_WITHIN_MS } from "./testbed/patience.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import type { ExitStatus } from "./testbed/supervised-process.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const GROUP = "cli.example.com";
const BELL = { apiVersion: `${GROUP}/v1`, kind: "Bell" };
const NAMESPACE = "cli";

/** Of those that wait for something, most of all for a collector. */
const TOGETHER = { concurrent: true };

let cluster: Cluster;
let collector: Collector;
let directory: string;
let kubeconfig: string;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  collector = servers.use(await startCollector());
  directory = servers.use(await createTemporaryDirectory("cli")).path;
  await cluster.admin.createNamespace(NAMESPACE);
  await cluster.admin.apply(definition({ group: GROUP, kind: "Bell", plural: "bells" }));
  ({ KUBECONFIG: kubeconfig } = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `bells.${GROUP}`,
  }));
});

afterAll(async () => {
  await servers.disposeAsync();
});

type Ended = {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
};

serverTest("--help names every way to run it, every variable and every exit code", async () => {
  const { status, stdout, stderr } = await run({ args: ["--help"] });

  expect(status).toEqual({ code: 0, signal: null });
  expect(stderr).toBe("");
  for (const text of [
    "lifeline --version",
    "LIFELINE_RESOURCES",
    "OTEL_LOGS_EXPORTER",
    "Exit codes",
  ])
    expect(stdout).toContain(text);
});

serverTest("--version says the version and nothing else", async () => {
  const { status, stdout, stderr } = await run({ args: ["--version"] });

  expect(status).toEqual({ code: 0, signal: null });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
  expect(stderr).toBe("");
});

serverTest("the help of a command is its own", async () => {
  const { status, stdout } = await run({ args: ["rbac", "--help"] });

  expect(status).toEqual({ code: 0, signal: null });
  expect(stdout).toContain("--service-account NAMESPACE/NAME");
});

serverTest.for([[["--verbose"]], [["watch", "pods"]], [["chek"]], [["check", "--stat"]]] as const)(
  "unknown arguments %j are refused with 2",
  async ([args]) => {
    const { status, stdout, stderr } = await run({ args });

    expect(status).toEqual({ code: 2, signal: null });
    expect(stderr).toContain(`lifeline ${args.join(" ")}`);
    expect(stderr).toContain("--help");
    expect(stdout).toBe("");
  },
);

serverTest("all that is wrong with the configuration is said at once, and no secret", async () => {
  const { status, stdout, stderr } = await run({
    env: {
      KUBECONFIG: kubeconfig,
      LIFELINE_METRIC_INTERVAL: "5 parsecs",
      LIFELINE_LOG_SEVERITY: "INFORM",
      LIFELINE_NAMESPACES: "Prod",
      LIFELINE_RESOURCE: "canary-unknown-value",
      LIFELINE_SERIES_MAX: "5",
      LIFELINE_PORT: "tcp://10.0.0.1:80",
      LIFELINE_SERVICE_HOST: "10.0.0.1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317/canary-password",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "ftp://user:canary-password@collector",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer canary-header,canary-broken",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
    },
  });

  expect(status).toEqual({ code: 2, signal: null });
  expect(stdout).toBe("");
  const named = [...stderr.matchAll(/^ {2}([A-Z]\w+)/gm)].map(([, name]) => name);
  expect(new Set(named)).toEqual(
    new Set([
      "LIFELINE_RESOURCE",
      "LIFELINE_SERIES_MAX",
      "LIFELINE_METRIC_INTERVAL",
      "LIFELINE_LOG_SEVERITY",
      "LIFELINE_NAMESPACES",
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
      "OTEL_EXPORTER_OTLP_HEADERS",
      "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
      "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    ]),
  );
  expect(stderr).toContain("did you mean LIFELINE_RESOURCES?");
  expect(stderr).toContain("did you mean INFO?");
  expect(stderr).toContain("5 parsecs");
  expect(stderr).toContain("cumulativetodelta");
  for (const canary of ["canary-header", "canary-broken", "canary-unknown-value", "user:canary"])
    expect(stderr).not.toContain(canary);
});

serverTest("a context or a kubeconfig that is not there is a wrong configuration", async () => {
  const wrong = [
    { KUBECONFIG: kubeconfig, LIFELINE_CONTEXT: "testbet" },
    { KUBECONFIG: join(directory, "no-such-file"), LIFELINE_FOO: "1" },
  ];
  const ended = await Promise.all(
    wrong.flatMap((env) => [
      run({ env }),
      run({ env, args: ["check"] }),
      run({ env, args: ["rbac"] }),
    ]),
  );

  for (const { status, stdout } of ended) {
    expect(status).toEqual({ code: 2, signal: null });
    expect(stdout).toBe("");
  }
  const [context, file] = [ended.slice(0, 3), ended.slice(3)];
  for (const { stderr } of context)
    expect(stderr).toMatch(/LIFELINE_CONTEXT="testbet"[^]*did you mean testbed\?/);
  for (const { stderr } of file)
    expect(stderr).toMatch(/2 problems[^]*KUBECONFIG=".*no-such-file"/);
});

serverTest("without a cluster it ends with 1 and says where it looked", async () => {
  const broken = await writeText("broken", "clusters: [");
  const ended = await Promise.all([run({}), run({ env: { KUBECONFIG: broken } })]);

  for (const { status, stdout } of ended) {
    expect(status).toEqual({ code: 1, signal: null });
    expect(stdout).toBe("");
  }
  expect(ended.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(/in-cluster.*\.kube\/config.*KUBECONFIG/),
    expect.stringMatching(/Cannot read kubeconfig .*broken/),
  ]);
});

serverTest("a port that is taken ends it with 1 and is named", TOGETHER, async () => {
  const server = createHttpServer();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => void server.close());
  const { host } = new URL(await listenOnLoopback(server));

  const { status, stderr } = await run({
    env: { KUBECONFIG: kubeconfig, LIFELINE_HTTP_ADDRESS: host },
  });

  expect(status).toEqual({ code: 1, signal: null });
  expect(stderr).toContain(host);
  expect(stderr).toContain("another process has the port");
  expect(stderr).toContain("LIFELINE_HTTP_ADDRESS");
});

serverTest("a state directory that is none ends it with 1 and is named", TOGETHER, async () => {
  const file = await writeText("state-file", "");
  const locked = join(directory, "locked");
  await mkdir(locked);
  await chmod(locked, 0o500);
  // Root may write everywhere, so a directory below a file has to do.
  const places = process.getuid?.() === 0 ? [file, join(file, "below")] : [file, locked];
  const ended = await Promise.all(
    places.map((stateDir) => run({ env: { KUBECONFIG: kubeconfig, ...watching() }, stateDir })),
  );

  for (const [index, { status, stderr }] of ended.entries()) {
    expect(status).toEqual({ code: 1, signal: null });
    expect(stderr).toContain(places[index]);
    expect(stderr).toContain("LIFELINE_STATE_DIR");
  }
});

serverTest(
  "SIGTERM ends it with 0 within 10 s when the collector takes connections and never answers",
  TOGETHER,
  async () => {
    await using silent = await startSilentServer();
    await using running = new AsyncDisposableStack();
    const start = async (protocol: string): Promise<Lifeline> =>
      running.use(
        await startLifeline({
          env: {
            KUBECONFIG: kubeconfig,
            ...watching(),
            OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
            OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          },
        }),
      );
    const lifelines = await Promise.all([start("grpc"), start("http/protobuf")]);
    await ring("silence");
    await eventually(() => expect(silent.connections()).toBeGreaterThanOrEqual(4));

    for (const lifeline of lifelines) lifeline.kill("SIGTERM");
    const statuses = await Promise.all(
      lifelines.map((lifeline) =>
        Promise.race([lifeline.exited, sleep(ENDS_WITHIN_MS, "still there")]),
      ),
    );

    expect(statuses).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
  },
);

serverTest("a second signal ends it at once, and leaves its state whole", TOGETHER, async () => {
  await using silent = await startSilentServer();
  await using state = await createTemporaryDirectory("second-signal");
  await using lifeline = await startLifeline({
    stateDir: state.path,
    env: {
      KUBECONFIG: kubeconfig,
      ...watching(),
      OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
      LIFELINE_SHUTDOWN_TIMEOUT: "5m",
    },
  });
  await ring("second-signal");
  await eventually(() => expect(silent.connections()).toBeGreaterThan(0));

  lifeline.kill("SIGINT");
  await eventually(async () => {
    expect((await probe(lifeline, "/readyz")).text).toContain("The process stops");
  });
  lifeline.kill("SIGTERM");
  const status = await lifeline.exited;

  expect(status).toEqual({ code: 1, signal: null });
  expect(inspectStateFile(state.path)).toMatchObject({
    type: "inspected",
    facts: { damages: [] },
  });
  expect(outboxOf(state.path)).toBeGreaterThan(0);
});

function outboxOf(stateDirectory: string): number {
  const inspection = inspectStateFile(stateDirectory);
  return inspection.type === "inspected" ? inspection.facts.outbox.records : 0;
}

serverTest(
  "the console exporter writes plain text to a pipe, one line per record",
  TOGETHER,
  async () => {
    await using lifeline = await startLifeline({
      env: {
        KUBECONFIG: kubeconfig,
        ...watching(),
        OTEL_LOGS_EXPORTER: "console",
        OTEL_METRICS_EXPORTER: "console",
      },
    });

    const bell = await ring("console");
    await cluster.admin.patch(bell, { spec: { tone: "a" } });
    await cluster.admin.patchStatus(bell, { phase: "Ready", ready: 3 });
    await eventually(() =>
      expect(linesAbout(lifeline, "console").join("\n")).toMatch(
        /^gauges .* phase=Ready .*ready=3$/m,
      ),
    );
    await cluster.admin.patchStatus(bell, { phase: "Failed", note: "\u001B[2Jgone\r\nnext line" });
    await cluster.admin.delete(bell);
    const told = await eventually(() => {
      const lines = linesAbout(lifeline, "console");
      expect(lines.join("\n")).toMatch(/gauges .* ended$/m);
      expect(lines.join("\n")).toContain(" deleted ");
      return lines;
    });
    const status = await lifeline.stop();

    expect(status).toEqual({ code: 0, signal: null });
    const records = told.filter((line) => !line.startsWith("gauges"));
    expect(records.map((line) => line.split(/ +/)[2])).toEqual([
      "created",
      "updated",
      "phase",
      "health",
      "phase",
      "health",
      "deleted",
    ]);
    // oxlint-disable-next-line no-control-regex -- they are what this is about
    expect(lifeline.stdoutLines.join("")).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
    for (const line of lifeline.stdoutLines)
      expect(line).toMatch(/^(\d\d:\d\d:\d\d (DEBUG|INFO|WARN|ERROR) |gauges )/);
  },
);

serverTest("OTEL_LOGS_EXPORTER=none sends no logs, and gauges all the same", TOGETHER, async () => {
  await using lifeline = await startLifeline({
    env: {
      KUBECONFIG: kubeconfig,
      ...watching(),
      LIFELINE_CLUSTER_NAME: "no-logs",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
    },
  });

  const bell = await ring("no-logs");
  await eventually(() => expect(pointsOf("no-logs")).toContain("no-logs"));
  await cluster.admin.delete(bell);
  const status = await lifeline.stop();

  expect(status).toEqual({ code: 0, signal: null });
  const logs = collector.received
    .logs()
    .filter(({ resource }) => resource["k8s.cluster.name"] === "no-logs");
  expect(logs).toEqual([]);
  expect(lifeline.stdoutLines).toEqual([]);
});

/** Runs it to its end, which is expected to come by itself. */
async function run(options: {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stateDir?: string;
}): Promise<Ended> {
  await using lifeline = await startLifeline({ ...options, untilReady: false });
  const status = await lifeline.exited;
  return {
    status,
    stdout: lifeline.stdoutLines.join("\n"),
    stderr: lifeline.stderrLines.join("\n"),
  };
}

function watching(): Readonly<Record<string, string>> {
  return {
    LIFELINE_RESOURCES: `bells.${GROUP}`,
    LIFELINE_METRIC_INTERVAL: "200ms",
    OTEL_LOGS_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  };
}

async function ring(
  name: string,
): Promise<typeof BELL & { metadata: { name: string; namespace: string } }> {
  const bell = { ...BELL, metadata: { name, namespace: NAMESPACE } };
  await cluster.admin.create({ ...bell, spec: { tone: "c" } });
  return bell;
}

function linesAbout(lifeline: Lifeline, name: string): readonly string[] {
  return lifeline.stdoutLines.filter((line) => line.includes(`${NAMESPACE}/${name} `));
}

function pointsOf(clusterName: string): readonly unknown[] {
  return collector.received
    .points()
    .filter(({ attributes }) => attributes["k8s.cluster.name"] === clusterName)
    .map(({ attributes }) => attributes["k8s.object.name"]);
}

async function writeText(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

type SilentServer = AsyncDisposable & { readonly url: string; connections(): number };

/** Takes every connection and whatever is sent, and never says a word. */
async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // What listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
