import { randomUUID } from "node:crypto";
import { fieldAt } from "../../src/util/json.ts";
import type { AdminClient } from "./admin-client.ts";
import { eventually } from "./eventually.ts";

/** `rbac.authorization.k8s.io/v1` PolicyRule. */
export type PolicyRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

type Rights = {
  readonly rules: readonly PolicyRule[];
  /** By a Role in this namespace; without one by a ClusterRole everywhere. */
  readonly namespace?: string;
};

/** Rights that were given to a user and are in force. */
type Grant = {
  /** Takes them away again, and waits until they are gone. */
  revoke(): Promise<void>;
};

const API_GROUP = "rbac.authorization.k8s.io";

/** Gives a user rights by a new (Cluster)Role and its binding, and waits until they are in force. */
export async function grantRights(
  admin: AdminClient,
  user: string,
  rights: Rights,
): Promise<Grant> {
  const { rules, namespace } = rights;
  const apiVersion = `${API_GROUP}/v1`;
  const prefix = namespace === undefined ? "Cluster" : "";
  const metadata = {
    name: `${user}-${randomUUID()}`,
    ...(namespace === undefined ? {} : { namespace }),
  };
  const role = { apiVersion, kind: `${prefix}Role`, metadata, rules };
  const roleRef = { apiGroup: API_GROUP, kind: role.kind, name: metadata.name };
  const subjects = [{ apiGroup: API_GROUP, kind: "User", name: user }];
  const binding = { apiVersion, kind: `${prefix}RoleBinding`, metadata, roleRef, subjects };
  await admin.create(role);
  await admin.create(binding);
  await waitUntilAllowed(admin, user, rights);
  return {
    async revoke() {
      await admin.delete(binding);
      await admin.delete(role);
      await waitForRights(admin, reviewsOf(user, rights), false);
    },
  };
}

/** Waits until these rights are in force: the API server hears of a new Role a moment after it is stored. */
export async function waitUntilAllowed(
  admin: AdminClient,
  user: string,
  rights: Rights,
): Promise<void> {
  await waitForRights(admin, reviewsOf(user, rights), true);
}

async function waitForRights(
  admin: AdminClient,
  reviews: readonly object[],
  wanted: boolean,
): Promise<void> {
  for (const review of reviews) {
    await eventually(async () => {
      const answer = await admin.request(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        { body: review },
      );
      if (fieldAt(answer, "status", "allowed") === wanted) return;
      throw new Error(
        `Cannot go on: this is not yet ${wanted ? "allowed" : "forbidden"}: ${JSON.stringify(review)}`,
      );
    });
  }
}

/** A SubjectAccessReview for every single thing that the rules allow. */
function reviewsOf(user: string, { rules, namespace }: Rights): readonly object[] {
  const scope = namespace === undefined ? {} : { namespace };
  const accesses = rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [""] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((path) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => {
            const [resource = "", subresource = ""] = path.split("/");
            return { ...scope, group, resource, subresource, verb, name };
          }),
        ),
      ),
    ),
  );
  return accesses.map((resourceAttributes) => ({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, resourceAttributes },
  }));
}
