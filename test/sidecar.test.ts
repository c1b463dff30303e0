import { createServer } from "node:http";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";
import { definition } from "./support/definition.ts";
import { probe } from "./support/probe.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, type LifelineOptions, startLifeline } from "./testbed/lifeline.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const GROUP = "sidecar.example.com";
const WATCHING = { LIFELINE_RESOURCES: `pumps.${GROUP}` };
const STOPPED = { code: 0, signal: null };
/** They wait most of the time. */
const TOGETHER = { concurrent: true };

const servers = new AsyncDisposableStack();
let cluster: Cluster;
let kubeconfig: string;
let directory: string;

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  directory = servers.use(await createTemporaryDirectory("sidecar")).path;
  await cluster.admin.apply(definition({ group: GROUP, kind: "Pump", plural: "pumps" }));
  ({ KUBECONFIG: kubeconfig } = await withPrintedRoles(cluster, WATCHING));
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "a sidecar with a wrong configuration says all of it, idles, and ends with 0 when asked",
  TOGETHER,
  async () => {
    await using lifeline = await startSidecar({
      env: { LIFELINE_RESOURCE: "canary", LIFELINE_METRIC_INTERVAL: "5 parsecs" },
    });

    const readyz = await eventually(() => probe(lifeline, "/readyz"));
    const livez = await probe(lifeline, "/livez");
    const status = await lifeline.stop();

    expect(status).toEqual(STOPPED);
    expect(livez).toMatchObject({ status: 200 });
    expect(readyz.status).toBe(503);
    expect(readyz.text).toMatch(/LIFELINE_RESOURCE.*LIFELINE_METRIC_INTERVAL/);
    const said = lifeline.stderrLines.join("\n");
    expect(said).toContain("Cannot start: 2 problems");
    expect(said).toContain("did you mean LIFELINE_RESOURCES?");
    expect(said).toContain("nothing is watched");
    expect(said).not.toContain("canary");
  },
);

serverTest("a sidecar whose address is wrong too idles without it", TOGETHER, async () => {
  await using lifeline = await startSidecar({
    env: { LIFELINE_HTTP_ADDRESS: "//nowhere" },
  });

  await eventually(() => expect(lifeline.stderrLines.join("\n")).toContain("nothing is watched"));
  const status = await lifeline.stop();

  expect(status).toEqual(STOPPED);
});

serverTest(
  "a sidecar whose mode is misspelt ends with 2, and is told of the right one",
  async () => {
    await using lifeline = await startSidecar({ env: { LIFELINE_MODE: "sidecart" } });

    const status = await lifeline.exited;

    expect(status).toEqual({ code: 2, signal: null });
    expect(lifeline.stderrLines.join("\n")).toContain("did you mean sidecar?");
  },
);

serverTest(
  "a sidecar whose kubeconfig cannot be read tries again, and begins when it can",
  TOGETHER,
  async () => {
    const mended = join(directory, "mended-kubeconfig");
    await writeFile(mended, "clusters: [");
    await using lifeline = await startSidecar({ env: { KUBECONFIG: mended } });
    await eventually(async () => {
      const { status, text } = await probe(lifeline, "/readyz");
      expect({ status, text }).toEqual({
        status: 503,
        text: expect.stringContaining("Not running: Cannot read kubeconfig"),
      });
    });

    await copyFile(kubeconfig, mended);
    await lifeline.untilReady();
    const status = await lifeline.stop();

    expect(status).toEqual(STOPPED);
    expect(messages(lifeline)).toMatch(/Cannot read .*mended-kubeconfig.*tries again in/);
  },
);

serverTest(
  "a sidecar whose state file another process has takes it over when that one has gone",
  TOGETHER,
  async () => {
    const stateDir = join(directory, "shared-state");
    await using first = await startSidecar({ stateDir });
    await first.untilReady();
    await using second = await startSidecar({ stateDir });
    await eventually(() => expect(messages(second)).toMatch(/another process has it.*tries again/));

    const firstEnded = await first.stop();
    await second.untilReady();
    const secondEnded = await second.stop();

    expect([firstEnded, secondEnded]).toEqual([STOPPED, STOPPED]);
  },
);

serverTest("a sidecar whose port the operator has goes on without it", TOGETHER, async () => {
  const operator = createServer((_, response) => response.end("the operator's"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => void operator.close());
  const { host } = new URL(await listenOnLoopback(operator));
  await using lifeline = await startSidecar({
    env: { LIFELINE_HTTP_ADDRESS: host, OTEL_LOGS_EXPORTER: "console" },
  });

  await eventually(() => expect(lifeline.stdoutLines.join("\n")).toMatch(/ synced .*Pump/i));
  const status = await lifeline.stop();

  expect(status).toEqual(STOPPED);
  expect(messages(lifeline)).toMatch(/another process has the port.*goes on without it/);
});

/** Not waited for: most of these are never ready. */
async function startSidecar(options: LifelineOptions): Promise<Lifeline> {
  return await startLifeline({
    ...options,
    untilReady: false,
    env: {
      KUBECONFIG: kubeconfig,
      LIFELINE_MODE: "sidecar",
      ...WATCHING,
      OTEL_LOGS_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "none",
      ...options.env,
    },
  });
}

function messages(lifeline: Lifeline): string {
  return lifeline
    .stderrRecords()
    .map(({ message }) => String(message))
    .join("\n");
}
