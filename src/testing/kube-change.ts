import type { KindFacts, KubeObject, ObjectMeta } from "../cluster/kube-object.ts";
import type { Change } from "../history/change.ts";
import { diff } from "../history/diff.ts";

/** The kind of the samples' database operator. */
export const DATABASE_KIND: KindFacts = {
  group: "custom.example.com",
  version: "v1",
  kind: "CustomDatabase",
  resource: "customdatabases",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};

/** 2023-10-26T10:00:00Z: the moment at which tests observe. */
export const NOW_MS: number = Date.parse("2023-10-26T10:00:00Z");

type Fields = { readonly metadata?: Partial<ObjectMeta>; readonly [field: string]: unknown };

/** A database named `default/my-app-db`, an hour old, with what the test wants different. */
export function database(fields: Fields = {}): KubeObject {
  const { metadata, ...rest } = fields;
  return {
    apiVersion: "custom.example.com/v1",
    kind: "CustomDatabase",
    metadata: {
      name: "my-app-db",
      namespace: "default",
      uid: "uid-1",
      resourceVersion: "1234",
      generation: 1,
      creationTimestamp: "2023-10-26T09:00:00Z",
      ...metadata,
    },
    spec: { databaseType: "mongo-replica", replicas: 3 },
    ...rest,
  };
}

type Moment = {
  readonly kind?: KindFacts;
  readonly observedAtMs?: number;
  readonly writtenAtMs?: number;
  readonly managers?: readonly string[];
};

/** The Change that history makes of two sights of one object. */
export function changeBetween(
  before: KubeObject,
  after: KubeObject,
  moment: Moment = {},
): Extract<Change, { type: "changed" }> {
  return {
    type: "changed",
    kind: DATABASE_KIND,
    observedAtMs: NOW_MS,
    managers: [],
    ...moment,
    before,
    after,
    differences: diff(before, after),
  };
}

/** The Change of an object's first sight. */
export function appearance(
  after: KubeObject,
  cause: "first-look" | "created" | "entered-view",
  moment: Moment = {},
): Extract<Change, { type: "appeared" }> {
  const { kind = DATABASE_KIND, observedAtMs = NOW_MS } = moment;
  return { type: "appeared", kind, observedAtMs, after, cause };
}
