import { chmod, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { afterAll, beforeAll, expect } from "vitest";
import { startConnectProxy } from "../src/testing/connect-proxy.ts";
import { fieldAt } from "../src/util/json.ts";
import { definition } from "./support/definition.ts";
import { diffOf } from "./support/diff-of.ts";
import { complaints } from "./support/own-messages.ts";
import { probe } from "./support/probe.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import type { ControlPlane } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { tokenOf } from "./testbed/kubeconfig.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { grantPrintedRoles } from "./testbed/printed-roles.ts";
import { serverTest, startCollector, startControlPlane } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const GROUP = "startup.example.com";
const WATCHING = { LIFELINE_RESOURCES: `ships.${GROUP}` };
const SHIP = { apiVersion: `${GROUP}/v1`, kind: "Ship" };

let controlPlane: ControlPlane;
let collector: Collector;
let directory: string;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  controlPlane = servers.use(await startControlPlane());
  collector = servers.use(await startCollector());
  directory = servers.use(await createTemporaryDirectory("startup")).path;
  await controlPlane.admin.apply(definition({ group: GROUP, kind: "Ship", plural: "ships" }));
  for (const user of ["restricted-1", "by-certificate"])
    await grantPrintedRoles(controlPlane, user, WATCHING);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("a token, a token file, a client certificate and an exec plugin are good", async () => {
  const kubeconfigs = {
    token: await controlPlane.writeKubeconfig("restricted-1", { credential: "token" }),
    "token-file": await controlPlane.writeKubeconfig("restricted-1", { credential: "token-file" }),
    certificate: await controlPlane.writeKubeconfig("by-certificate", {
      credential: "client-certificate",
    }),
    exec: await writeExecKubeconfig("plugin", "restricted-1"),
  };
  await using running = new AsyncDisposableStack();
  const lifelines = await Promise.all(
    Object.entries(kubeconfigs).map(async ([name, path]) =>
      running.use(await startLifeline({ env: environment(name, path) })),
    ),
  );

  await createShip("good-credentials");
  for (const name of Object.keys(kubeconfigs))
    await eventually(() => expect(created(name)).toEqual(["good-credentials"]));

  expect(lifelines.flatMap(complaints)).toEqual([]);
});

serverTest("F08 proxy: an API server that only a proxy reaches is watched through it", async () => {
  const { server, directory: cluster } = controlPlane.address;
  await using proxy = await startConnectProxy({ leadsTo: new URL(server).host });
  const behind = {
    server: "https://api.test:6443",
    "tls-server-name": "localhost",
    "certificate-authority": join(cluster, "ca.crt"),
  };
  const path = join(directory, "behind-proxy.kubeconfig");
  const config = {
    clusters: [{ name: "testbed", cluster: behind }],
    users: [{ name: "user", user: { token: tokenOf("restricted-1") } }],
    contexts: [{ name: "testbed", context: { cluster: "testbed", user: "user" } }],
    "current-context": "testbed",
  };
  await writeFile(path, stringify(config));
  const proxies = { HTTPS_PROXY: proxy.url.href, no_proxy: "10.0.0.0/8,other.test" };
  await using lifeline = await startLifeline({
    env: { ...environment("behind-proxy", path), ...proxies },
  });

  await createShip("behind-proxy");
  await eventually(() => expect(created("behind-proxy")).toContain("behind-proxy"));

  expect(complaints(lifeline)).toEqual([]);
  expect(new Set(proxy.asked.map(({ url }) => url))).toEqual(new Set(["api.test:6443"]));
  // One watch, and those that take turns at the rest.
  expect(proxy.tunnels()).toBeLessThanOrEqual(5);
});

serverTest(
  "bad credentials are said and waited for, and the start goes on once they are good",
  async () => {
    const good = await controlPlane.writeKubeconfig("restricted-1", { credential: "token" });
    const invalid = await controlPlane.writeKubeconfig("restricted-1", {
      credential: "invalid-token",
    });
    const expired = await controlPlane.writeKubeconfig("restricted-1", {
      credential: "expired-certificate",
    });
    const expiredToken = await controlPlane.writeKubeconfig("restricted-1", {
      credential: "expired-token",
    });
    const emptyFile = await controlPlane.writeKubeconfig("restricted-1", {
      credential: "token-file",
    });
    await writeFile(`${emptyFile}.token`, "nobody-token");
    const plugin = await writeExecKubeconfig("broken-plugin", "restricted-1", "exit 3");
    await using running = new AsyncDisposableStack();
    const cases = [
      { name: "invalid", path: invalid, said: /401/, mend: () => copyFile(good, invalid) },
      { name: "expired", path: expired, said: /401/, mend: () => copyFile(good, expired) },
      {
        name: "expired-token",
        path: expiredToken,
        said: /401/,
        mend: () => copyFile(good, expiredToken),
      },
      {
        name: "file",
        path: emptyFile,
        said: /401/,
        mend: () => writeFile(`${emptyFile}.token`, `${tokenOf("restricted-1")}\n`),
      },
      {
        name: "plugin",
        path: plugin,
        said: /Cannot get credentials from context "testbed".*plugin/,
        mend: () => writePlugin("broken-plugin", printing(tokenOf("restricted-1"))),
      },
    ];
    const lifelines = await Promise.all(
      cases.map(async ({ name, path }) =>
        running.use(
          await startLifeline({ env: environment(`bad-${name}`, path), untilReady: false }),
        ),
      ),
    );

    for (const [index, { said }] of cases.entries()) {
      const lifeline = lifelineAt(lifelines, index);
      await eventually(() => expect(complaints(lifeline).join("\n")).toMatch(said));
      expect(await probe(lifeline, "/livez")).toMatchObject({ status: 200 });
      const unready = await probe(lifeline, "/readyz");
      expect(unready.status).toBe(503);
      expect(unready.text).toMatch(said);
    }
    for (const { mend } of cases) await mend();
    await Promise.all(lifelines.map((lifeline) => lifeline.untilReady()));

    for (const lifeline of lifelines)
      expect(lifeline.stderrLines.join("\n")).not.toContain("nobody-token");
  },
);

serverTest(
  "when the API server is killed and comes back nothing is lost and nothing comes twice, with a token that was rotated meanwhile, too",
  async () => {
    const paths = {
      killed: await controlPlane.writeKubeconfig("by-certificate"),
      rotated: await controlPlane.writeKubeconfig("restricted-1", { credential: "token-file" }),
    };
    const early = Array.from({ length: 20 }, (_, index) => `early-${index}`);
    const late = Array.from({ length: 20 }, (_, index) => `late-${index}`);
    for (const name of [...early, ...late, "doomed"]) await createShip(name);
    await using running = new AsyncDisposableStack();
    const lifelines = await Promise.all(
      Object.entries(paths).map(async ([name, path]) =>
        running.use(await startLifeline({ env: environment(name, path) })),
      ),
    );

    await steer(early);
    await controlPlane.killApiServer();
    await rotateToken("restricted-1", "another-token");
    await writeFile(`${paths.rotated}.token`, "another-token");
    await controlPlane.startApiServer();
    await steer(late);
    await controlPlane.admin.delete({
      ...SHIP,
      metadata: { name: "doomed", namespace: "default" },
    });
    await createShip("newborn");

    const expected = [
      ...[...early, ...late].map((name) => `updated ${name} 0→1`),
      "deleted doomed",
      "created newborn",
    ];
    for (const name of Object.keys(paths))
      await eventually(() => expect(story(name).toSorted()).toEqual(expected.toSorted()));
    for (const lifeline of lifelines) expect((await probe(lifeline, "/readyz")).status).toBe(200);
    for (const name of Object.keys(paths)) expect(uidsOf(name)).toHaveLength(expected.length);
  },
);

serverTest(
  "an API server that is away at the start is waited for, and the start goes on once it is there",
  async () => {
    const path = await controlPlane.writeKubeconfig("by-certificate");
    await controlPlane.stopApiServer();
    await using lifeline = await startLifeline({
      env: environment("early", path),
      untilReady: false,
    });

    await eventually(() => expect(complaints(lifeline).join("\n")).toContain("ECONNREFUSED"));
    const live = await probe(lifeline, "/livez");
    const unready = await probe(lifeline, "/readyz");
    await controlPlane.startApiServer();
    await lifeline.untilReady();

    expect(live.status).toBe(200);
    expect(unready.status).toBe(503);
    expect(unready.text).toContain("ECONNREFUSED");
    await createShip("late");
    await eventually(() => expect(created("early")).toEqual(["late"]));
    expect(await lifeline.stop()).toEqual({ code: 0, signal: null });
  },
);

serverTest("a process that waits for its API server stops at once when asked", async () => {
  const path = await controlPlane.writeKubeconfig("admin", { server: "https://127.0.0.1:1" });
  await using lifeline = await startLifeline({
    env: environment("waiting", path),
    untilReady: false,
  });
  await eventually(() => expect(complaints(lifeline).join("\n")).toContain("ECONNREFUSED"));

  const status = await lifeline.stop();

  expect(status).toEqual({ code: 0, signal: null });
});

function environment(name: string, kubeconfig: string): Record<string, string> {
  return {
    KUBECONFIG: kubeconfig,
    ...WATCHING,
    LIFELINE_CLUSTER_NAME: name,
    LIFELINE_METRIC_INTERVAL: "500ms",
    LIFELINE_INITIAL: "none",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  };
}

async function createShip(name: string): Promise<void> {
  const metadata = { name, namespace: "default" };
  await controlPlane.admin.create({ ...SHIP, metadata, spec: { course: 0 } });
}

async function steer(names: readonly string[]): Promise<void> {
  for (const name of names)
    await controlPlane.admin.patch(
      { ...SHIP, metadata: { name, namespace: "default" } },
      { spec: { course: 1 } },
    );
}

function logsOf(cluster: string): ReturnType<Collector["received"]["logs"]> {
  return collector.received
    .logs()
    .filter(
      ({ resource, scope, eventName }) =>
        resource["k8s.cluster.name"] === cluster &&
        scope.name === "kube-lifeline" &&
        eventName.startsWith("lifeline.object."),
    );
}

function created(cluster: string): readonly string[] {
  return logsOf(cluster)
    .filter(({ eventName }) => eventName === "lifeline.object.created")
    .map(({ attributes }) => textAttribute({ attributes }, "k8s.object.name"));
}

/** Each record as `action name`, an update with what it changed of the course. */
function story(cluster: string): readonly string[] {
  return logsOf(cluster).map((record) => {
    const [change] = diffOf(record);
    const course =
      change === undefined
        ? ""
        : ` ${String(fieldAt(change, "before"))}→${String(fieldAt(change, "after"))}`;
    const { attributes } = record;
    return `${textAttribute({ attributes }, "lifeline.action")} ${textAttribute({ attributes }, "k8s.object.name")}${course}`;
  });
}

function uidsOf(cluster: string): readonly unknown[] {
  return [...new Set(logsOf(cluster).map(({ attributes }) => attributes["log.record.uid"]))];
}

/** The user's static token, which the API server reads when it starts. */
async function rotateToken(user: string, token: string): Promise<void> {
  const path = join(controlPlane.address.directory, "tokens.csv");
  const tokens = await readFile(path, "utf8");
  await writeFile(path, tokens.replace(`${tokenOf(user)},`, `${token},`));
}

/** A kubeconfig whose user is who an executable says: it prints the user's token, or does what `script` says. */
async function writeExecKubeconfig(name: string, user: string, script?: string): Promise<string> {
  const { server, directory: cluster } = controlPlane.address;
  await writePlugin(name, script ?? printing(tokenOf(user)));
  const path = join(directory, `${name}.kubeconfig`);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: `./${name}`,
    args: ["token"],
    env: [{ name: "PLUGIN_INPUT", value: "set" }],
    interactiveMode: "Never",
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "testbed", cluster: { server, "certificate-authority": join(cluster, "ca.crt") } },
    ],
    users: [{ name: "plugin", user: { exec } }],
    contexts: [{ name: "testbed", context: { cluster: "testbed", user: "plugin" } }],
    "current-context": "testbed",
  };
  await writeFile(path, stringify(config));
  return path;
}

async function writePlugin(name: string, script: string): Promise<void> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** A script that gives a token only if it is asked as the kubeconfig says. */
function printing(token: string): string {
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token },
  };
  return `[ "$1 $PLUGIN_INPUT" = "token set" ] && echo '${JSON.stringify(credential)}'`;
}

function lifelineAt(lifelines: readonly Lifeline[], index: number): Lifeline {
  const lifeline = lifelines[index];
  if (lifeline === undefined) throw new Error(`Cannot find process ${index}`);
  return lifeline;
}
