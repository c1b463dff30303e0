import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { NO_HINTS } from "../../cluster/parse-crd.ts";
import {
  type CommandSurroundings,
  createCommandSurroundings,
} from "../../testing/command-surroundings.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { startOtlpReceiver } from "../../testing/otlp-receiver/start-otlp-receiver.ts";
import { startSimulatedApiServer } from "../../testing/simulated-api-server/start-simulated-api-server.ts";
import { runCheck } from "./check.ts";

const WIDGETS = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: NO_HINTS,
} as const;
const CHECKPOINTS = {
  ...WIDGETS,
  group: "autoscaling.k8s.io",
  kind: "VerticalPodAutoscalerCheckpoint",
  resource: "verticalpodautoscalercheckpoints",
};

type Rig = {
  readonly server: Awaited<ReturnType<typeof startSimulatedApiServer>>;
  readonly receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
  /** Runs it with these variables; the cluster, the collector and the state are good ones unless they say otherwise. */
  readonly check: (
    env?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number } & CommandSurroundings>;
};

async function createRig(): Promise<Rig> {
  const server = await startSimulatedApiServer({ clock: createFakeClock() });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.cluster.addKind(WIDGETS);
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  const common = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl };
  return {
    server,
    receiver,
    async check(env = {}) {
      const surroundings = createCommandSurroundings({ ...common, ...env }, server.kubeconfig());
      onTestFinished(() => surroundings[Symbol.dispose]());
      const code = await runCheck(new Map(), surroundings);
      return { code, ...surroundings };
    },
  };
}

/** The part under one heading, without it. */
function sectionOf(text: string, title: string): readonly string[] {
  const block = text.split("\n\n").find((candidate) => candidate.startsWith(title)) ?? "";
  return block.split("\n").slice(1);
}

test("check finds nothing wrong where nothing is, and sends an empty request per signal", async () => {
  const { server, receiver, check } = await createRig();

  const { code, out, err, directory } = await check({ LIFELINE_STATE_DIR: "/tmp" });

  const uid = server.cluster.get({ resource: "namespaces", name: "kube-system" })?.metadata.uid;
  expect({ code, err: err() }).toEqual({ code: 0, err: "" });
  expect(sectionOf(out(), "Cluster")).toEqual([
    `  ok    ${server.url}  context "simulated" of "${join(directory, "kubeconfig")}"`,
    `  ok    k8s.cluster.uid         ${uid}`,
  ]);
  expect(sectionOf(out(), "Watched")).toEqual([
    "  ok    widgets.example.com  Widget  v1  Namespaced  all namespaces",
  ]);
  expect(sectionOf(out(), "Collector")).toEqual([
    `  ok    logs     grpc  ${receiver.grpcUrl}  took an empty request`,
    `  ok    metrics  grpc  ${receiver.grpcUrl}  took an empty request`,
    `  ok    traces   grpc  ${receiver.grpcUrl}  took an empty request`,
  ]);
  expect(sectionOf(out(), "State")).toEqual(["  ok    /tmp  writable"]);
  expect(out()).toMatch(/\nNothing is wrong\.\n$/);
  const requests = receiver.requests().map(({ signal }) => signal);
  expect(requests.toSorted()).toEqual(["logs", "metrics", "traces"]);
  expect([receiver.records(), receiver.points(), receiver.errors()]).toEqual([[], [], []]);
});

test("check says which of the objects are watched", async () => {
  const { check } = await createRig();

  const { out } = await check({ LIFELINE_LABEL_SELECTOR: "tier=gold", LIFELINE_SHARD: "0/3" });

  expect(out()).toContain("\nWatched, where labels match tier=gold, shard 0/3 of the objects\n");
});

test("check writes the same when it is run twice, and asks the cluster for nothing but reading", async () => {
  const { server, check } = await createRig();

  const [first, second] = [
    await check({ LIFELINE_STATE_DIR: "/tmp" }),
    await check({ LIFELINE_STATE_DIR: "/tmp" }),
  ];

  expect(second.out().replaceAll(second.directory, first.directory)).toBe(first.out());
  const posts = server.requests().filter(({ method }) => method !== "GET");
  expect(new Set(posts.map(({ path }) => path))).toEqual(
    new Set(["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"]),
  );
});

test("check names what is forbidden, per kind and namespace, and what would help once", async () => {
  const { server, check } = await createRig();
  server.settings.isAllowed = ({ verb, resource, namespace }) =>
    resource !== "widgets" || (namespace === "prod" && verb === "list");

  const { code, out } = await check({ LIFELINE_NAMESPACES: "prod,stage" });

  expect(code).toBe(1);
  expect(sectionOf(out(), "Watched")).toEqual([
    "  FAIL  widgets.example.com  Widget  v1  Namespaced  prod, stage",
    '          forbidden in namespace prod: needs "watch" on "widgets.example.com"',
    '          forbidden in namespace stage: needs "list" and "watch" on "widgets.example.com"',
  ]);
  expect(out()).toMatch(/1 thing is wrong; .*\n {2}1\. widgets\.example\.com: .*lifeline rbac \|/);
});

test("check shows what built-in exclusions hide of what a glob matches", async () => {
  const { server, check } = await createRig();
  server.cluster.addKind(CHECKPOINTS);

  const { code, out } = await check({
    LIFELINE_RESOURCES: "customresources,*.coordination.k8s.io,s*",
  });

  expect(code).toBe(0);
  expect(sectionOf(out(), "Hidden by built-in exclusions")).toEqual([
    "        leases.coordination.k8s.io                           Lease                            v1",
    "        secrets                                              Secret                           v1",
    "        verticalpodautoscalercheckpoints.autoscaling.k8s.io  VerticalPodAutoscalerCheckpoint  v1",
  ]);
  expect(sectionOf(out(), "Watched").join("\n")).not.toContain("secrets");
});

test("check fails for a kind that is named and not served, and only notes a glob", async () => {
  const { check } = await createRig();

  const named = await check({ LIFELINE_RESOURCES: "widgets,pods" });
  const glob = await check({ LIFELINE_RESOURCES: "*.nowhere.example.org,pods" });

  expect([named.code, glob.code]).toEqual([1, 0]);
  expect(named.out()).toContain("  FAIL  widgets  matches nothing");
  expect(named.out()).toContain("did you mean widgets.example.com?");
  expect(glob.out()).toContain("  note  *.nowhere.example.org");
});

test("check notes that nothing is selected", async () => {
  const { server, check } = await createRig();
  server.cluster.removeKind("widgets.example.com");

  const { code, out } = await check();

  expect(code).toBe(0);
  expect(sectionOf(out(), "Watched")[0]).toBe("  note  nothing");
});

test("check notes what of the cluster may not be read, and goes on", async () => {
  const { server, check } = await createRig();
  server.settings.isAllowed = ({ group, resource }) =>
    resource !== "namespaces" && group !== "apiextensions.k8s.io";

  const { code, out } = await check();

  expect(code).toBe(0);
  expect(out()).toContain("  note  k8s.cluster.uid");
  expect(out()).toContain("  note  customresourcedefinitions  not listed");
  expect(out()).toContain("  ok    widgets.example.com");
});

test("check notes that CRDs may be listed, but not watched", async () => {
  const { server, check } = await createRig();
  server.settings.isAllowed = ({ group, verb }) =>
    group !== "apiextensions.k8s.io" || verb === "list";

  const { code, out } = await check();

  expect(code).toBe(0);
  expect(out()).toContain("  note  customresourcedefinitions  not watched: ");
});

test("check fails for a group that can't be discovered if it is asked for, and shows the others", async () => {
  const { server, check } = await createRig();
  server.settings.staleGroups.add("apps");

  const [concerned, unconcerned] = [
    await check({ LIFELINE_RESOURCES: "customresources,*.apps" }),
    await check(),
  ];

  expect([concerned.code, unconcerned.code]).toEqual([1, 0]);
  expect(concerned.out()).toContain("  FAIL  apps/v1  ");
  expect(unconcerned.out()).toContain("  note  apps/v1  ");
  for (const { out } of [concerned, unconcerned])
    expect(out()).toContain("  ok    widgets.example.com");
});

test.each([
  ["/readyz", 500],
  ["/api/v1/namespaces/kube-system", 500],
  ["/apis", 503],
])("check goes on with the collector when the cluster fails at %s", async (path, code) => {
  const { server, check } = await createRig();
  server.faults.add({ type: "answer", code }, { path });

  const checked = await check();

  expect(checked.code).toBe(1);
  expect(sectionOf(checked.out(), "Cluster")).toEqual([
    expect.stringContaining("  FAIL  http://"),
    expect.stringContaining(`answered ${code}`),
  ]);
  expect(checked.out()).not.toContain("\nWatched");
  expect(checked.out()).toContain("took an empty request");
});

test("check notes reviews that fail: the daemon tries then", async () => {
  const { server, check } = await createRig();
  server.faults.add(
    { type: "answer", code: 500 },
    { path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" },
  );

  const { code, out } = await check();

  expect(code).toBe(0);
  expect(out()).toContain("  note  widgets.example.com");
});

test("check says all that is wrong with the configuration and the kubeconfig, and asks nobody", async () => {
  const { server, receiver, check } = await createRig();

  const { code, out, err } = await check({
    LIFELINE_CONTEXT: "simulatd",
    LIFELINE_INITIAL: "sumary",
    LIFELINE_FOO: "1",
  });

  expect({ code, out: out() }).toEqual({ code: 2, out: "" });
  expect(err()).toContain("3 problems");
  expect(err()).toContain("did you mean simulated?");
  expect([server.counts().requests, receiver.requests()]).toEqual([0, []]);
});

test("check without any cluster checks the rest", async () => {
  const { receiver } = await createRig();
  using surroundings = createCommandSurroundings({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
  });

  const code = await runCheck(new Map(), surroundings);

  expect(code).toBe(1);
  expect(surroundings.out()).toContain("  FAIL  no cluster");
  expect(surroundings.out()).toContain("took an empty request");
});

test("check ends with 2 where the daemon would: a file for TLS that is none", async () => {
  const { check } = await createRig();

  const { code, out } = await check({ OTEL_EXPORTER_OTLP_CERTIFICATE: "/no/such/file" });

  expect(code).toBe(2);
  expect(out()).toContain("/no/such/file");
});

test("check says which state directory there would be, and makes none", async () => {
  const { check } = await createRig();
  const { directory } = await check();
  const [missing, file] = [join(directory, "a", "b"), join(directory, "file")];
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, "");

  const outs = await Promise.all(
    [{}, ...[missing, file, join(file, "below")].map((dir) => ({ LIFELINE_STATE_DIR: dir }))].map(
      async (env) => {
        const { code, out } = await check(env);
        return `${code}:${sectionOf(out(), "State").join()}`;
      },
    ),
  );

  expect(outs).toEqual([
    expect.stringMatching(/^0: {2}note {2}a private directory/),
    `0:  ok    ${missing}  not there yet: the daemon makes it`,
    `1:  FAIL  ${file}  it is no directory`,
    `1:  FAIL  ${join(file, "below")}  missing, and ${file}: it is no directory`,
  ]);
});

test("check asks an exec plugin that fails once, and says what it is that failed", async () => {
  using directory = createCommandSurroundings({});
  const runs = join(directory.directory, "runs");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "sh",
    args: ["-c", `echo run >> ${runs}; echo no session >&2; exit 1`],
    interactiveMode: "Never",
  };
  const kubeconfig = JSON.stringify({
    "current-context": "a",
    clusters: [{ name: "a", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "a", user: { exec } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
  using surroundings = createCommandSurroundings(
    { OTEL_LOGS_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" },
    kubeconfig,
  );

  const code = await runCheck(new Map(), surroundings);

  expect(code).toBe(1);
  expect(sectionOf(surroundings.out(), "Cluster").join("\n")).toContain("Cannot get credentials");
  expect(readFileSync(runs, "utf8")).toBe("run\n");
});
