import { definition } from "../support/definition.ts";
import { textAttribute } from "../support/text-attribute.ts";
import type { AdminClient, NewObject } from "../testbed/admin-client.ts";
import type { Collector } from "../testbed/collector.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { startLifeline, type Lifeline } from "../testbed/lifeline.ts";
import type { LogEntry, MetricPoint } from "../testbed/otlp-json.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";

const GROUP = "restart.example.com";

export const NOTES: NewObject = definition({ group: GROUP, kind: "Note", plural: "notes" });

/** One namespace with a state directory: what one story plays in, apart from all others. Its disposal kills the programs. */
export type Scene = AsyncDisposable & {
  readonly namespace: string;
  readonly admin: AdminClient;
  readonly collector: Collector;
  note(name: string, size?: number): NewObject;
  /** Creates notes of size 1. */
  createNotes(...names: readonly string[]): Promise<void>;
  resize(name: string, size: number): Promise<void>;
  delete(name: string): Promise<void>;
  start(options?: StartOptions): Promise<Lifeline>;
  /** Records about this namespace, from the given request on. */
  logs(fromRequest?: number): readonly LogEntry[];
  points(name: string): readonly MetricPoint[];
  /** Where the next request will stand. */
  nextRequest(): number;
};

type StartOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly untilReady?: boolean;
};

/** Makes a namespace and a state directory; the CRD must be there. */
export async function openScene(
  cluster: Cluster,
  collector: Collector,
  namespace: string,
): Promise<Scene> {
  const { admin } = cluster;
  const everything = new AsyncDisposableStack();
  const { path: stateDir } = everything.use(await createTemporaryDirectory("state"));
  await admin.createNamespace(namespace);
  const watching = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `notes.${GROUP}`,
    LIFELINE_NAMESPACES: namespace,
  });
  const note = (name: string, size = 1): NewObject => ({
    apiVersion: `${GROUP}/v1`,
    kind: "Note",
    metadata: { name, namespace },
    spec: { size },
  });
  return {
    namespace,
    admin,
    collector,
    note,
    async createNotes(...names) {
      await Promise.all(names.map((name) => admin.create(note(name))));
    },
    resize: async (name, size) => void (await admin.patch(note(name), { spec: { size } })),
    delete: (name) => admin.delete(note(name)),
    async start({ env, ...options } = {}) {
      const lifeline = await startLifeline({
        ...options,
        stateDir,
        env: {
          ...watching,
          LIFELINE_METRIC_INTERVAL: "250ms",
          LIFELINE_METRIC_HEARTBEAT: "1s",
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
          ...env,
        },
      });
      return everything.use(lifeline);
    },
    logs: (fromRequest = 0) =>
      collector.received
        .logs()
        .filter((log) => log.requestIndex >= fromRequest)
        .filter(({ resource }) => resource["k8s.namespace.name"] === namespace),
    points: (name) =>
      collector.received
        .points()
        .filter((point) => point.name === name)
        .filter(({ attributes }) => attributes["k8s.namespace.name"] === namespace),
    nextRequest: () => collector.received.requests().length,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** `name: action` of what happened to objects, in order of arrival; what stood there at a first look did not happen. */
export function tellings(logs: readonly LogEntry[]): readonly string[] {
  return logs
    .filter(({ eventName }) => eventName.startsWith("lifeline.object."))
    .filter(({ eventName }) => eventName !== "lifeline.object.observed")
    .map((log) => {
      const name = textAttribute(log, "k8s.object.name");
      return `${name}: ${textAttribute(log, "lifeline.action")}`;
    });
}
