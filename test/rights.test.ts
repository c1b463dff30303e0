import { afterAll, beforeAll, expect } from "vitest";
import { definition } from "./support/definition.ts";
import { complaints } from "./support/own-messages.ts";
import { probe } from "./support/probe.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { NewObject } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { grantRights } from "./testbed/rights.ts";

const GROUP = "rights.example.com";
const KINDS = ["Alpha", "Beta", "Gamma"];
const NAMESPACES = ["rights-one", "rights-two", "rights-other"];
const WATCHING = ["get", "list", "watch"];

let cluster: Cluster;
let collector: Collector;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  const shared = servers.use(await connectSharedCluster());
  cluster = shared;
  collector = servers.use(await startCollector());
  await Promise.all([
    ...NAMESPACES.map((name) => shared.admin.createNamespace(name)),
    ...KINDS.map((kind) =>
      shared.admin.apply(definition({ group: GROUP, kind, plural: pluralOf(kind) })),
    ),
    shared.admin.apply(
      definition({ group: GROUP, kind: "Planet", plural: "planets", scope: "Cluster" }),
    ),
  ]);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "of three kinds the one that is allowed is watched, and each of the others is reported once",
  async () => {
    const user = "rights-one-of-three";
    await allow(user, ["alphas"]);
    await using lifeline = await start(user, {
      LIFELINE_RESOURCES: "alphas.rights.example.com,betas.*,gammas.rights.example.com",
    });

    await create("Alpha", "rights-one", "one-of-three");
    await create("Beta", "rights-one", "one-of-three");
    await eventually(() => expect(created(user)).toEqual(["Alpha rights-one/one-of-three"]));
    const ready = await probe(lifeline, "/readyz");

    expect(ready.status).toBe(200);
    const forbidden = ["betas", "gammas"].map(
      (plural) =>
        `warn: Not allowed to watch ${plural}.${GROUP}: needs "list" and "watch" on "${plural}.${GROUP}"; other kinds go on`,
    );
    expect(withoutDiscovery(complaints(lifeline)).toSorted()).toEqual(forbidden);
    expect(await lifeline.stop()).toEqual({ code: 0, signal: null });
    expect(withoutDiscovery(complaints(lifeline)).toSorted()).toEqual(forbidden);
    expect(created(user)).toEqual(["Alpha rights-one/one-of-three"]);
  },
);

serverTest("what a right lacks is named when only a part of it is there", async () => {
  const user = "rights-list-only";
  await allow(user, ["alphas"], { verbs: ["get", "list"] });
  await allow(user, ["betas"], { verbs: ["get", "watch"] });
  await using lifeline = await start(user, { LIFELINE_RESOURCES: `*.${GROUP},!planets.${GROUP}` });

  const said = withoutDiscovery(complaints(lifeline));

  expect(said.toSorted()).toEqual([
    expect.stringContaining(`alphas.${GROUP}: needs "watch" on "alphas.${GROUP}"`),
    expect.stringContaining(`betas.${GROUP}: needs "list" on "betas.${GROUP}"`),
    expect.stringContaining(`gammas.${GROUP}: needs "list" and "watch" on "gammas.${GROUP}"`),
  ]);
  expect((await probe(lifeline, "/readyz")).status).toBe(200);
});

serverTest(
  "a Role in one namespace suffices when that namespace and the kinds are named",
  async () => {
    const user = "rights-namespaced";
    await allow(user, ["alphas", "betas"], { namespace: "rights-one" });
    await using lifeline = await start(user, {
      LIFELINE_NAMESPACES: "rights-one",
      LIFELINE_RESOURCES: `alphas.${GROUP},betas.${GROUP}`,
    });

    await create("Alpha", "rights-one", "namespaced");
    await create("Alpha", "rights-two", "namespaced");
    await create("Beta", "rights-one", "namespaced");
    const names = await eventually(() => {
      expect(created(user)).toHaveLength(2);
      return created(user);
    });

    expect(names.toSorted()).toEqual(["Alpha rights-one/namespaced", "Beta rights-one/namespaced"]);
    expect(withoutDiscovery(complaints(lifeline))).toEqual([]);
    expect(await crdComplaints(lifeline)).toHaveLength(1);
    const resources = logsOf(user).map(({ resource }) => resource);
    expect(resources.some((resource) => "k8s.cluster.uid" in resource)).toBe(false);
  },
);

serverTest(
  "of two namespaces the one without a Role is reported, the other is watched",
  async () => {
    const user = "rights-one-namespace";
    await allow(user, ["alphas"], { namespace: "rights-two" });
    await using lifeline = await start(user, {
      LIFELINE_NAMESPACES: "rights-one,rights-two",
      LIFELINE_RESOURCES: `alphas.${GROUP}`,
    });

    await create("Alpha", "rights-one", user);
    await create("Alpha", "rights-two", user);
    await eventually(() => expect(created(user)).toEqual([`Alpha rights-two/${user}`]));

    expect(withoutDiscovery(complaints(lifeline))).toEqual([
      expect.stringMatching(/Not allowed to watch alphas\.rights\.example\.com.*rights-one/),
    ]);
    expect((await probe(lifeline, "/readyz")).status).toBe(200);
  },
);

serverTest(
  "without leave to list CRDs customresources are all kinds but those of built-in groups",
  async () => {
    const user = "rights-no-crds";
    await grantRights(cluster.admin, user, {
      rules: [
        {
          apiGroups: [GROUP, "", "apps", "networking.k8s.io"],
          resources: ["*"],
          verbs: ["list", "watch"],
        },
      ],
      namespace: "rights-one",
    });
    await using lifeline = await start(user, {
      LIFELINE_NAMESPACES: "rights-one",
      LIFELINE_OWN_LOG_LEVEL: "debug",
    });

    await create("Gamma", "rights-one", "no-crds");
    await cluster.admin.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "no-crds", namespace: "rights-one" },
    });
    await eventually(() => expect(created(user)).toEqual(["Gamma rights-one/no-crds"]));

    const synced = logsOf(user).filter(({ eventName }) => eventName === "lifeline.synced");
    const kinds = synced.map((record) => textAttribute(record, "k8s.object.kind"));
    expect(kinds.toSorted()).toEqual(KINDS);
    const forbidden = complaints(lifeline).filter((text) => text.includes("Not allowed"));
    expect(forbidden.filter((text) => !/watch \w+\.[\w-]+\./.test(text))).toEqual([]);
    expect(forbidden).toContainEqual(expect.stringContaining(`planets.${GROUP}`));
  },
);

serverTest.for([
  ["names", "rights-one,rights-two", ["rights-one", "rights-two"]],
  ["a glob", "rights-*", ["rights-one", "rights-two", "rights-other"]],
  ["an exclude", "!rights-other", ["rights-one", "rights-two"]],
  ["a glob and an exclude", "rights-t*,rights-o*,!*-other", ["rights-one", "rights-two"]],
] as const)(
  "namespaces by %s are watched, the others are not, and cluster-scoped kinds always",
  async ([what, value, namespaces]) => {
    const user = `rights-by-${what.replaceAll(" ", "-")}`;
    await allow(user, ["alphas", "planets"]);
    await using lifeline = await start(user, {
      LIFELINE_NAMESPACES: value,
      LIFELINE_RESOURCES: `alphas.${GROUP},planets.${GROUP}`,
    });

    for (const namespace of NAMESPACES) await create("Alpha", namespace, user);
    await create("Planet", undefined, user);
    const expected = [
      ...namespaces.map((namespace) => `Alpha ${namespace}/${user}`),
      `Planet ${user}`,
    ];
    await eventually(() => expect(created(user).toSorted()).toEqual(expected.toSorted()));
    expect(await lifeline.stop()).toEqual({ code: 0, signal: null });

    expect(created(user).toSorted()).toEqual(expected.toSorted());
    const points = collector.received
      .points()
      .filter(({ attributes }) => attributes["k8s.cluster.name"] === user);
    const seen = points.map(({ attributes }) => attributes["k8s.namespace.name"]);
    expect(new Set(seen.filter((namespace) => namespace !== undefined))).toEqual(
      new Set(namespaces),
    );
  },
);

/** Runs as that user, and under its name as the cluster's, so that the records of each test can be told apart. */
async function start(user: string, env: Readonly<Record<string, string>>): Promise<Lifeline> {
  return await startLifeline({
    env: {
      KUBECONFIG: await cluster.writeKubeconfig(user),
      LIFELINE_CLUSTER_NAME: user,
      LIFELINE_METRIC_INTERVAL: "200ms",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
      ...env,
    },
  });
}

async function allow(
  user: string,
  resources: readonly string[],
  { verbs = WATCHING, namespace }: { verbs?: readonly string[]; namespace?: string } = {},
): Promise<void> {
  await grantRights(cluster.admin, user, {
    rules: [{ apiGroups: [GROUP], resources, verbs }],
    ...(namespace === undefined ? {} : { namespace }),
  });
}

async function create(kind: string, namespace: string | undefined, name: string): Promise<void> {
  const object: NewObject = {
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: {},
  };
  await cluster.admin.create(object);
}

function logsOf(user: string): ReturnType<Collector["received"]["logs"]> {
  return collector.received
    .logs()
    .filter(
      ({ resource, scope }) =>
        resource["k8s.cluster.name"] === user && scope.name === "kube-lifeline",
    );
}

/** `Kind namespace/name` of each `created` record. */
function created(user: string): readonly string[] {
  return logsOf(user)
    .filter(({ eventName }) => eventName === "lifeline.object.created")
    .map(({ attributes, resource }) => {
      const namespace = textAttribute({ attributes: resource }, "k8s.namespace.name");
      const place = namespace === "" ? "" : `${namespace}/`;
      return `${textAttribute({ attributes }, "k8s.object.kind")} ${place}${textAttribute({ attributes }, "k8s.object.name")}`;
    });
}

function pluralOf(kind: string): string {
  return `${kind.toLowerCase()}s`;
}

async function crdComplaints(lifeline: Lifeline): Promise<readonly string[]> {
  return complaints(lifeline).filter((text) => text.includes("Cannot list CRDs"));
}

function withoutDiscovery(texts: readonly string[]): readonly string[] {
  return texts.filter((text) => !text.includes("Cannot list CRDs"));
}
