import { readFile } from "node:fs/promises";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt } from "../../src/util/json.ts";
import type { AdminClient, NewObject } from "../testbed/admin-client.ts";
import { eventually } from "../testbed/eventually.ts";

const EXAMPLE = new URL("../../examples/application/crds-and-objects.yaml", import.meta.url);
/** Pods that take some 3 s, on a busy machine. */
const PATIENCE = { timeoutMs: 40_000 };

const PERSON = { fieldManager: "kubectl-create" };
const DEPLOYED = { type: "Available", status: "False", reason: "DeploymentCreated" };
const OPERATOR = { fieldManager: "application-operator" };

/** The CRD of examples/application, and nothing else of that file. */
export async function installApplications(admin: AdminClient): Promise<void> {
  const [definition = ""] = (await readFile(EXAMPLE, "utf8")).split("\n---\n");
  await admin.applyYaml(definition);
}

/** An Application as its operator makes it: with a Deployment, which the cluster's own controllers roll out, and available after that. */
export async function rollOut(
  admin: AdminClient,
  namespace: string,
  name: string,
): Promise<KubeObject> {
  const application = await admin.create(newApplication(namespace, name), PERSON);
  const deployment = await admin.create(deploymentOf(application), OPERATOR);
  await judge(admin, application, DEPLOYED);
  await judge(admin, application, { ...DEPLOYED, reason: "WaitingForPods" });
  await eventually(async () => {
    const available = fieldAt(await admin.get(deployment), "status", "availableReplicas");
    if (available !== 1) throw new Error(`Deployment ${name} has ${String(available)} of 1 Pod`);
  }, PATIENCE);
  await judge(admin, application, { ...DEPLOYED, status: "True", reason: "DeploymentReady" });
  return application;
}

/** An Application that its operator gives up, with a message. */
export async function giveUp(
  admin: AdminClient,
  namespace: string,
  name: string,
): Promise<KubeObject> {
  const application = await admin.create(newApplication(namespace, name), PERSON);
  await judge(admin, application, DEPLOYED);
  const failed = { reason: "DeploymentFailed", message: "The image can't be pulled" };
  await judge(
    admin,
    application,
    { type: "Available", status: "False", ...failed },
    { type: "Degraded", status: "True", ...failed },
  );
  return application;
}

function newApplication(namespace: string, name: string): NewObject {
  return {
    apiVersion: "example.com/v1",
    kind: "Application",
    metadata: { name, namespace },
    spec: { image: "example.com/none", replicas: 1 },
  };
}

function deploymentOf({ apiVersion, kind, metadata }: KubeObject): NewObject {
  const { name, namespace = "", uid } = metadata;
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: `${name}-deployment`,
      namespace,
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "example.com/none" }] },
      },
    },
  };
}

type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
};

async function judge(
  admin: AdminClient,
  application: KubeObject,
  ...conditions: readonly Condition[]
): Promise<void> {
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const status = {
    conditions: conditions.map(({ type, status: value, reason, message = "" }) => ({
      type,
      status: value,
      reason,
      message,
      lastTransitionTime,
    })),
  };
  await admin.patchStatus(application, status, OPERATOR);
}
