import { expect } from "vitest";
import { definition } from "../support/definition.ts";
import type { NewObject } from "../testbed/admin-client.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { startLifeline } from "../testbed/lifeline.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import type { ShippedCollector } from "./start-shipped-collector.ts";

const GROUP = "delivery.example.com";

export const NOTES: NewObject = definition({ group: GROUP, kind: "Note", plural: "notes" });

/** One namespace and a kube-lifeline that watches the notes in it; its disposal kills the program. */
export type Notebook = AsyncDisposable & {
  readonly namespace: string;
  /** Creates notes of size 1, one after the other. */
  create(...names: readonly string[]): Promise<void>;
  resize(name: string, size: number): Promise<void>;
  delete(name: string): Promise<void>;
  /** SIGTERM; throws unless it ended in order. */
  stop(): Promise<void>;
};

/** Makes the namespace and starts the program; the CRD must be there. */
export async function openNotebook(
  cluster: Cluster,
  collector: ShippedCollector,
  namespace: string,
): Promise<Notebook> {
  const { admin } = cluster;
  await admin.createNamespace(namespace);
  const lifeline = await startLifeline({
    env: await withPrintedRoles(cluster, {
      LIFELINE_RESOURCES: `notes.${GROUP}`,
      LIFELINE_NAMESPACES: namespace,
      LIFELINE_METRIC_INTERVAL: "250ms",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
    }),
  });
  const note = (name: string, size = 1): NewObject => ({
    apiVersion: `${GROUP}/v1`,
    kind: "Note",
    metadata: { name, namespace },
    spec: { size },
  });
  return {
    namespace,
    async create(...names) {
      for (const name of names) await admin.create(note(name));
    },
    resize: async (name, size) => void (await admin.patch(note(name), { spec: { size } })),
    delete: (name) => admin.delete(note(name)),
    async stop() {
      expect(await lifeline.stop()).toEqual({ code: 0, signal: null });
    },
    [Symbol.asyncDispose]: () => lifeline[Symbol.asyncDispose](),
  };
}
