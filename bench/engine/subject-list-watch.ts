import {
  CustomObjectsApi,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from "@kubernetes/client-node";
import { BENCH_KIND } from "../bench-object.ts";
import { COLLECTION } from "../replay-answers.ts";
import { clientNodeConfig } from "./client-node-config.ts";
import { Meter } from "./meter.ts";

/** client-node's ListWatch, which holds all objects, used as its documentation shows. */
const meter = new Meter(process.argv.slice(2));
const config = clientNodeConfig(meter.url);
const api = config.makeApiClient(CustomObjectsApi);
const { group, version, resource: plural } = BENCH_KIND;
const list = async (): Promise<KubernetesListObject<KubernetesObject>> =>
  // The generated code calls the list of a custom resource `any`.
  (await api.listCustomObjectForAllNamespaces({
    group,
    version,
    resourcePlural: plural,
  })) as KubernetesListObject<KubernetesObject>;
const informer = new ListWatch<KubernetesObject>(COLLECTION, new Watch(config), list, false);
let isSynced = false;
informer.on("add", (object) => {
  if (isSynced) return take(object);
  meter.object(object.metadata?.name ?? "", object.metadata?.resourceVersion ?? "");
  if (!meter.isComplete) return;
  isSynced = true;
  meter.synced();
});
informer.on("update", take);
informer.on("delete", take);
informer.on("error", (error) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
await informer.start();

function take({ metadata }: KubernetesObject): void {
  meter.event(metadata?.name ?? "", metadata?.resourceVersion ?? "");
}
