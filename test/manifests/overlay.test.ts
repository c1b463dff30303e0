import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { stringify } from "yaml";
import { serverBinaries, serverTest } from "../testbed/real-servers.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";
import { kustomize } from "./kustomize.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const BASE = "manifests";
const COMPONENT = "manifests/components/sidecar";
const OPERATOR = "test/manifests/operator/default";
const SETTINGS = generator("kube-lifeline", ["LIFELINE_RESOURCES=pods"]);
const ACCOUNT = named("v1", "ServiceAccount", { namespace: "system" });

const servers = new AsyncDisposableStack();
let directory: string;

beforeAll(async () => {
  directory = servers.use(await createTemporaryDirectory("overlay")).path;
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest.for([
  {
    mistake: "no Deployment",
    objects: [ACCOUNT],
    says: "nothing selected by Deployment",
  },
  {
    mistake: "a second Deployment",
    resources: [OPERATOR],
    objects: [deployment({ namespace: "system" }, { serviceAccountName: "operator" })],
    says: "multiple matches for selector Deployment",
  },
  {
    mistake: "no ServiceAccount",
    objects: [deployment({ namespace: "system" }, { serviceAccountName: "operator" })],
    says: "nothing selected by ServiceAccount",
  },
  {
    mistake: "a second ServiceAccount",
    resources: [OPERATOR],
    objects: [ACCOUNT],
    says: "multiple matches for selector ServiceAccount",
  },
  {
    mistake: "a Deployment that runs as the default account",
    objects: [ACCOUNT, deployment({ namespace: "system" }, {})],
    says: "fieldPath `spec.template.spec.serviceAccountName` is missing",
  },
  {
    mistake: "a Deployment in no namespace",
    objects: [ACCOUNT, deployment({}, { serviceAccountName: "operator" })],
    says: "fieldPath `metadata.namespace` is missing",
  },
  {
    mistake: "a misspelt ConfigMap",
    resources: [OPERATOR],
    settings: generator("kube-lifline", ["LIFELINE_RESOURCES=pods"]),
    says: "nothing selected by ConfigMap",
    also: "kube-lifeline.[noNs]:data.LIFELINE_RESOURCES",
  },
  {
    mistake: "a misspelt LIFELINE_RESOURCES",
    resources: [OPERATOR],
    settings: generator("kube-lifeline", ["LIFELINE_RESOURCE=pods"]),
    says: "fieldPath `data.LIFELINE_RESOURCES` is missing",
  },
])(
  "the component on a kustomization with $mistake is refused, and its head says what helps",
  async ({ resources = [], objects = [], settings = SETTINGS, says, also = says }) => {
    const path = await overlay({ resources, objects, components: [COMPONENT], ...settings });
    const head = await readFile(join(REPOSITORY, COMPONENT, "kustomization.yaml"), "utf8");

    const refusal = await refusalOf(path);

    expect(refusal).toContain(says);
    expect(refusal).toContain(also);
    expect(refusal).toContain(COMPONENT);
    expect(head).toContain(`#   ${says}  `);
  },
);

serverTest.for([
  {
    mistake: "a component that is not there",
    overlay: { resources: [OPERATOR], components: [`${COMPONENT}s`], ...SETTINGS },
    says: /sidecars/,
  },
  {
    mistake: "settings for a misspelt ConfigMap",
    overlay: {
      resources: [BASE],
      ...generator("kube-lifline", ["LIFELINE_RESOURCES=pods"], { behavior: "merge" }),
    },
    says: /kube-lifline.*does not exist; cannot merge/,
  },
  {
    mistake: "a patch of a misspelt Deployment",
    overlay: {
      resources: [BASE],
      patches: [{ patch: stringify(named("apps/v1", "Deployment", { name: "kube-lifline" })) }],
    },
    says: /no resource matches strategic merge patch.*kube-lifline/,
  },
  {
    mistake: "replicas of a misspelt Deployment",
    overlay: { resources: [BASE], replicas: [{ name: "kube-lifline", count: 1 }] },
    says: /kube-lifline/,
  },
])("an overlay with $mistake is refused by its name", async ({ overlay: mistaken, says }) => {
  const path = await overlay(mistaken);

  const refusal = await refusalOf(path);

  expect(refusal).toMatch(says);
});

type Overlay = {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  /** More resources, written beside. */
  readonly objects?: readonly object[];
  readonly [field: string]: unknown;
};

/** Paths are the repository's; the answer is the overlay's directory. */
async function overlay({
  resources = [],
  components = [],
  objects = [],
  ...rest
}: Overlay): Promise<string> {
  const path = join(directory, crypto.randomUUID());
  const seen = (there: string): string => relative(path, join(REPOSITORY, there));
  await mkdir(path);
  await writeFile(join(path, "objects.yaml"), objects.map((one) => stringify(one)).join("---\n"));
  const kustomization = {
    resources: [...resources.map(seen), ...(objects.length === 0 ? [] : ["objects.yaml"])],
    components: components.map(seen),
    ...rest,
  };
  await writeFile(join(path, "kustomization.yaml"), stringify(kustomization));
  return path;
}

async function refusalOf(path: string): Promise<string> {
  return await kustomize(serverBinaries().kubectl, path).then(
    (rendered) => `not refused:\n${rendered}`,
    (thrown: unknown) => String(thrown),
  );
}

function generator(
  name: string,
  literals: readonly string[],
  more: object = {},
): { readonly configMapGenerator: readonly object[] } {
  return { configMapGenerator: [{ name, literals, ...more }] };
}

function named(apiVersion: string, kind: string, metadata: object): object {
  return { apiVersion, kind, metadata: { name: "operator", ...metadata } };
}

function deployment(metadata: object, podSpec: object): object {
  const containers = [{ name: "manager", image: "operator:v1" }];
  return {
    ...named("apps/v1", "Deployment", metadata),
    spec: { template: { spec: { containers, ...podSpec } } },
  };
}
