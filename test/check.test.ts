import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { definition } from "./support/definition.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { startLifeline } from "./testbed/lifeline.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import type { ExitStatus } from "./testbed/supervised-process.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const GROUP = "check.example.com";
const NAMESPACE = "check";

let cluster: Cluster;
let collector: Collector;
let directory: string;
let watching: Readonly<Record<string, string>>;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  collector = servers.use(await startCollector());
  directory = servers.use(await createTemporaryDirectory("check")).path;
  await cluster.admin.createNamespace(NAMESPACE);
  for (const [kind, plural] of [
    ["Wheel", "wheels"],
    ["Brake", "brakes"],
  ] as const)
    await cluster.admin.apply(definition({ group: GROUP, kind, plural }));
  watching = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `wheels.${GROUP}`,
    LIFELINE_NAMESPACES: NAMESPACE,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  });
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("check of a good configuration finds nothing wrong and sends nothing", async () => {
  const { status, stdout, stderr } = await check({ LIFELINE_STATE_DIR: join(directory, "good") });

  expect(status).toEqual({ code: 0, signal: null });
  expect(stderr).toBe("");
  expect(stdout).toContain(`  ok    wheels.${GROUP}  Wheel  v1  Namespaced  ${NAMESPACE}\n`);
  expect(stdout).toMatch(/ {2}ok {4}k8s\.cluster\.uid +[0-9a-f-]{36}\n/);
  expect(stdout.match(/took an empty request/g)).toHaveLength(3);
  expect(stdout).toMatch(/\nNothing is wrong\.$/);
  expect(stdout).not.toMatch(/^ {2}(note|FAIL)/m);
  expect(collector.received.logs()).toEqual([]);
});

serverTest("check names a kind that is forbidden, and what would help", async () => {
  const { status, stdout } = await check({ LIFELINE_RESOURCES: `*.${GROUP}` });

  expect(status).toEqual({ code: 1, signal: null });
  expect(stdout).toContain(
    `  FAIL  brakes.${GROUP}  Brake  v1  Namespaced  ${NAMESPACE}\n          forbidden in namespace ${NAMESPACE}: needs "list" and "watch" on "brakes.${GROUP}"\n  ok    wheels.${GROUP}`,
  );
  expect(stdout).toContain(`  1. brakes.${GROUP}: let somebody who may grant rights run`);
});

serverTest("check shows what globs never match on a real cluster", async () => {
  const { status, stdout } = await check({
    LIFELINE_RESOURCES: "wheels.*,secret*,event*.*,endpoints*,*.coordination.k8s.io",
  });

  expect(status).toEqual({ code: 0, signal: null });
  const hidden = stdout.slice(stdout.indexOf("\nHidden"), stdout.indexOf("\nCollector"));
  for (const name of ["endpoints", "events.events.k8s.io", "leases.coordination.k8s.io", "secrets"])
    expect(hidden).toMatch(new RegExp(`^ {8}${name.replaceAll(".", "[.]")} `, "m"));
});

serverTest("check tells a collector that is away from one of the other protocol", async () => {
  await using away = await startCollector({ started: false });

  const [refused, other] = await Promise.all([
    check({ OTEL_EXPORTER_OTLP_ENDPOINT: away.grpcEndpoint }),
    check({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpEndpoint }),
  ]);

  expect([refused.status.code, other.status.code]).toEqual([1, 1]);
  expect(refused.stdout).toMatch(/ {2}FAIL {2}logs +grpc +http:\S+ +refused\n/);
  expect(refused.stdout).toMatch(/1\. logs, metrics, traces: nothing listens there/);
  expect(other.stdout).toMatch(/ {2}FAIL {2}logs +grpc +http:\S+ +it speaks something else\n/);
});

serverTest(
  "check --state asks the running daemon, and opens the file once it is gone",
  async () => {
    const stateDir = join(directory, "state");
    const metadata = { name: "front", namespace: NAMESPACE };
    await cluster.admin.create({ apiVersion: `${GROUP}/v1`, kind: "Wheel", metadata });
    await using lifeline = await startLifeline({ env: watching, stateDir });
    const { host } = new URL(lifeline.healthUrl);
    const env = { LIFELINE_STATE_DIR: stateDir, LIFELINE_HTTP_ADDRESS: host };

    const asked = await eventually(async () => {
      const answer = await check(env, ["--state"]);
      expect(answer.stdout).toContain("1 of 1 watches");
      return answer;
    });
    const locked = await check({ ...env, LIFELINE_HTTP_ADDRESS: "off" }, ["--state"]);
    lifeline.kill("SIGKILL");
    await lifeline.exited;
    const opened = await check(env, ["--state"]);

    expect([asked, locked, opened].map(({ status }) => status.code)).toEqual([0, 1, 0]);
    expect(asked.stdout).toContain(`told by the daemon at http://${host}\n`);
    expect(locked.stdout).toContain("locked: another process has it");
    expect(opened.stdout).toContain(`opened to read; no daemon listens at http://${host}\n`);
    expect(factsOf(opened.stdout)).toEqual(factsOf(asked.stdout));
  },
);

type Checked = { readonly status: ExitStatus; readonly stdout: string; readonly stderr: string };

async function check(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Checked> {
  await using lifeline = await startLifeline({
    args: ["check", ...args],
    env: { ...watching, ...env },
    untilReady: false,
  });
  const status = await lifeline.exited;
  return {
    status,
    stdout: lifeline.stdoutLines.join("\n"),
    stderr: lifeline.stderrLines.join("\n"),
  };
}

/** What does not hang on when it is asked: the file's size and what waits do. */
function factsOf(stdout: string): readonly string[] {
  return stdout
    .split("\n")
    .filter((line) => /^ {2}\w+ +(integrity|format|cluster|objects) /.test(line));
}
