import { randomUUID } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { COMMANDS } from "../../src/run/commands/command-table.ts";
import { runRbac } from "../../src/run/commands/rbac.ts";
import { createCommandSurroundings } from "../../src/testing/command-surroundings.ts";
import type { NewObject } from "./admin-client.ts";
import type { Cluster } from "./control-plane.ts";
import { type PolicyRule, waitUntilAllowed } from "./rights.ts";

type Environment = Readonly<Record<string, string>>;

/** One of the documents that `lifeline rbac` prints. */
export type PrintedRole = NewObject & {
  readonly rules?: readonly PolicyRule[];
  readonly subjects?: readonly unknown[];
};

/** What `lifeline rbac` prints for these variables, asked by the admin; throws if it does not end well. */
export async function printRoles(
  cluster: Cluster,
  env: Environment,
  options: Readonly<Record<string, string>> = {},
): Promise<readonly PrintedRole[]> {
  using surroundings = createCommandSurroundings({
    ...env,
    KUBECONFIG: await cluster.writeKubeconfig("admin"),
  });
  const given = new Map<string, string>();
  for (const { name, value } of COMMANDS.rbac.options)
    given.set(name, options[name] ?? value?.byDefault ?? "");
  const code = await runRbac(given, surroundings);
  if (code !== 0)
    throw new Error(`Cannot print roles: it ended with ${code} and said ${surroundings.err()}`);
  return parseAllDocuments(surroundings.out()).map((document): PrintedRole => document.toJS());
}

/** Lets a user do exactly what `lifeline rbac` prints for these variables, and waits until that is in force. */
export async function grantPrintedRoles(
  cluster: Cluster,
  user: string,
  env: Environment,
): Promise<void> {
  const documents = await printRoles(cluster, env, { "--name": `${user}-${randomUUID()}` });
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }];
  await Promise.all(
    documents.map((document) =>
      cluster.admin.apply(document.subjects === undefined ? document : { ...document, subjects }),
    ),
  );
  await waitUntilRolesHold(cluster, user, documents);
}

/** The variables, and a kubeconfig of a new user who may do what `lifeline rbac` prints for them, and no more. */
export async function withPrintedRoles(
  cluster: Cluster,
  env: Environment,
): Promise<Environment & { readonly KUBECONFIG: string }> {
  const user = `lifeline-${randomUUID()}`;
  await grantPrintedRoles(cluster, user, env);
  return { ...env, KUBECONFIG: await cluster.writeKubeconfig(user) };
}

export async function waitUntilRolesHold(
  { admin }: Cluster,
  user: string,
  documents: readonly PrintedRole[],
): Promise<void> {
  await Promise.all(
    documents.map(async ({ rules = [], metadata }) => {
      const { namespace } = metadata;
      const place = typeof namespace === "string" ? { namespace } : {};
      await waitUntilAllowed(admin, user, { rules, ...place });
    }),
  );
}
