import { fieldAt } from "../../util/json.ts";
import type { Reply } from "./api-status.ts";

/** What somebody wants to do, as RBAC sees it; without a namespace: in all of them, or cluster-scoped. */
export type AccessRequest = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
};

/** Steered by the test: whether the client may. */
export type AccessRule = (request: AccessRequest) => boolean;

/** Answers a `SelfSubjectAccessReview` (authorization.k8s.io/v1) by the rule. */
export function reviewAccess(review: unknown, isAllowed: AccessRule): Reply {
  const asked = fieldAt(review, "spec", "resourceAttributes");
  const namespace = textAt(asked, "namespace");
  const request = {
    verb: textAt(asked, "verb"),
    group: textAt(asked, "group"),
    resource: textAt(asked, "resource"),
  };
  const allowed = isAllowed(namespace === "" ? request : { ...request, namespace });
  return {
    code: 201,
    body: {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec: fieldAt(review, "spec"),
      status: { allowed },
    },
  };
}

/** The message of the 403 that a real API server gives when RBAC has no rule. */
export function forbiddenMessage({ verb, group, resource, namespace }: AccessRequest): string {
  const where =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const name = group === "" ? resource : `${resource}.${group}`;
  return `${name} is forbidden: User "simulated" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
}

function textAt(value: unknown, field: string): string {
  const text = fieldAt(value, field);
  return typeof text === "string" ? text : "";
}
