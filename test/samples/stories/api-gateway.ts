import type { NewObject } from "../../testbed/admin-client.ts";
import { type Example, specOf } from "../read-example.ts";
import { conditionChanged, created, deleted, healthChanged, updated } from "../record-rows.ts";
import type { Step, Story } from "../story.ts";

const PIPELINE = { manager: "argocd-controller", by: "argocd-controller/Apply" };
const SOMEBODY = { manager: "kubectl-edit", by: "kubectl-edit/Update" };
const CONTROLLER = "gateway-controller";

const ROUTE = { kind: "APIRoute", name: "checkout" };
const LIMITS = { kind: "RateLimitPolicy", name: "standard" };
const LOGIN = { kind: "AuthNPolicy", name: "customers" };
const EDGE = { kind: "SecurityPolicy", name: "edge" };
const SLICE = { kind: "EndpointSlice", name: "checkout-1" };

/** A gateway whose policies are applied from a repository, and edited by somebody. */
export function apiGateway(example: Example, at: (seconds: number) => string): Story {
  return {
    example: "api-gateway",
    acts: [
      [
        apply(example, "AuthNPolicy"),
        edit("relaxed", LOGIN, {
          patch: { spec: { mode: "none" } },
          changes: [{ path: "spec.mode", before: "jwt", after: "none" }],
          generation: 2,
        }),
        {
          name: "put right",
          object: LOGIN,
          write: {
            type: "apply",
            manager: PIPELINE.manager,
            object: specOf(example, "AuthNPolicy"),
          },
          records: [
            updated({
              by: PIPELINE.by,
              changes: [{ path: "spec.mode", before: "none", after: "jwt" }],
            }),
          ],
          shows: { generation: 3 },
        },
        apply(example, "RateLimitPolicy"),
        edit("raised", LIMITS, {
          patch: { spec: { requestsPerSecond: 100_000 } },
          changes: [{ path: "spec.requestsPerSecond", before: 100, after: 100_000 }],
          generation: 2,
        }),
        apply(example, "SecurityPolicy"),
        edit("opened", EDGE, {
          patch: { spec: { waf: false, deny: [] } },
          changes: [
            { path: "spec.waf", before: true, after: false },
            { path: "spec.deny[0]", before: "203.0.113.0/24" },
          ],
          generation: 2,
        }),
        apply(example, "APIRoute", { env: "production" }),
        served(at(1)),
        backendLost(at(1), at(21)),
        ...endpoints(),
      ],
      [
        {
          name: "deleted",
          object: EDGE,
          write: { type: "delete", removed: true },
          records: [deleted("unknown")],
          shows: {},
        },
      ],
    ],
  };
}

function apply(example: Example, kind: string, labels?: Readonly<Record<string, string>>): Step {
  const object = specOf(example, kind);
  return {
    name: "applied",
    object: { kind, name: object.metadata.name },
    write: { type: "apply", manager: PIPELINE.manager, object },
    records: [created("unknown", labels)],
    shows: {},
  };
}

type Edit = {
  readonly patch: object;
  readonly changes: Parameters<typeof updated>[0]["changes"];
  readonly generation: number;
};

function edit(name: string, object: Step["object"], { patch, changes, generation }: Edit): Step {
  return {
    name,
    object,
    write: { type: "patch", manager: SOMEBODY.manager, patch },
    records: [updated({ by: SOMEBODY.by, changes })],
    shows: { generation },
  };
}

const ACCEPTED = { type: "Accepted", status: "True", reason: "Accepted" };
const SERVED = { type: "Ready", status: "True", reason: "BackendReady" };
const LOST = { type: "Ready", status: "False", reason: "BackendUnavailable" };

function served(lastTransitionTime: string): Step {
  const times = { lastTransitionTime, observedGeneration: 1 };
  return {
    ...byController("served", [
      { ...ACCEPTED, ...times },
      { ...SERVED, ...times },
    ]),
    records: [
      conditionChanged({ ...ACCEPTED, lastTransitionTime }),
      conditionChanged({ ...SERVED, lastTransitionTime }),
      healthChanged("current", {
        reason: "BackendReady",
        left: { word: "unknown", since: "applied" },
      }),
    ],
    shows: {
      health: "current",
      conditions: {
        Accepted: { status: "True", lastTransitionTime },
        Ready: { status: "True", lastTransitionTime },
      },
    },
  };
}

function backendLost(servedSince: string, lastTransitionTime: string): Step {
  return {
    ...byController("backend lost", [
      { ...ACCEPTED, lastTransitionTime: servedSince, observedGeneration: 1 },
      { ...LOST, lastTransitionTime, observedGeneration: 1 },
    ]),
    records: [
      conditionChanged({
        ...LOST,
        lastTransitionTime,
        left: { status: "True", since: servedSince },
        severity: "WARN",
      }),
      healthChanged("progressing", {
        reason: "BackendUnavailable",
        left: { word: "current", since: "served" },
      }),
    ],
    shows: {
      health: "progressing",
      conditions: {
        Accepted: { status: "True", lastTransitionTime: servedSince },
        Ready: { status: "False", lastTransitionTime },
      },
    },
  };
}

function byController(
  name: string,
  conditions: readonly object[],
): Pick<Step, "name" | "object" | "write"> {
  return {
    name,
    object: ROUTE,
    write: { type: "status", manager: CONTROLLER, status: { conditions } },
  };
}

/** What a route leads to: neither spec nor status, so all that changes is `updated`. */
function endpoints(): readonly Step[] {
  const labels = { "kubernetes.io/service-name": "checkout" };
  const slice: NewObject = {
    apiVersion: "discovery.k8s.io/v1",
    kind: SLICE.kind,
    metadata: { name: SLICE.name, namespace: "shop", labels },
    addressType: "IPv4",
    endpoints: [endpoint(true)],
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
  return [
    {
      name: "endpoints created",
      object: SLICE,
      write: { type: "create", manager: "endpointslice-controller", object: () => slice },
      records: [created("current", labels)],
      shows: { health: "current" },
    },
    {
      name: "endpoint lost",
      object: SLICE,
      write: {
        type: "patch",
        manager: "endpointslice-controller",
        patch: { endpoints: [endpoint(false)] },
      },
      records: [
        updated({
          by: "endpointslice-controller/Update",
          changes: [{ path: "endpoints[0].conditions.ready", before: true, after: false }],
        }),
      ],
      shows: { generation: 2 },
    },
  ];
}

function endpoint(ready: boolean): object {
  return { addresses: ["10.0.0.7"], conditions: { ready } };
}
