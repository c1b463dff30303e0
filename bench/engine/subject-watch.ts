import { type KubernetesObject, Watch } from "@kubernetes/client-node";
import { COLLECTION } from "../replay-answers.ts";
import { clientNodeConfig } from "./client-node-config.ts";
import { Meter } from "./meter.ts";

/** client-node's Watch: parsed lines, and nothing held. */
const meter = new Meter(process.argv.slice(2));
await new Watch(clientNodeConfig(meter.url)).watch(
  COLLECTION,
  { resourceVersion: "1" },
  (_type, { metadata }: KubernetesObject) =>
    meter.event(metadata?.name ?? "", metadata?.resourceVersion ?? ""),
  (error) => {
    process.stderr.write(`the watch ended: ${String(error)}\n`);
    process.exit(1);
  },
);
