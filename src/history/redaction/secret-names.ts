import type { KubeObject } from "../../cluster/kube-object.ts";
import { isMap, type JsonMap } from "../../util/json.ts";

type Place = readonly string[];

const PROMETHEUS: readonly Place[] = [["spec", "secrets"]];

/** Fields of well-known kinds that are called as a secret is, and hold but the names of Secrets; by group and kind. */
const PLACES: ReadonlyMap<string, readonly Place[]> = new Map([
  ["monitoring.coreos.com/Prometheus", PROMETHEUS],
  ["monitoring.coreos.com/PrometheusAgent", PROMETHEUS],
  ["monitoring.coreos.com/Alertmanager", [["spec", "configSecret"], ...PROMETHEUS]],
  ["kafka.strimzi.io/KafkaUser", [["status", "secret"]]],
  [
    "postgresql.cnpg.io/Cluster",
    [
      ["status", "certificates", "clientCASecret"],
      ["status", "certificates", "serverCASecret"],
      ["status", "certificates", "serverTLSSecret"],
      ["status", "certificates", "replicationTLSSecret"],
      ["status", "poolerIntegrations", "pgBouncerIntegration", "secrets"],
    ],
  ],
]);
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Gives `redacted` back the names of Secrets that `object` has at such places. */
export function restoreSecretNames(object: KubeObject, redacted: JsonMap): JsonMap {
  const places = PLACES.get(`${object.apiVersion.split("/", 1)[0] ?? ""}/${object.kind}`);
  if (places === undefined) return redacted;
  return places.reduce<JsonMap>((body, place) => restoreAt(object, body, place), redacted);
}

function restoreAt(from: JsonMap, into: JsonMap, [name = "", ...deeper]: Place): JsonMap {
  const original = from[name];
  const next = into[name];
  if (original === next) return into;
  if (deeper.length === 0) return isNames(original) ? { ...into, [name]: original } : into;
  return isMap(original) && isMap(next)
    ? { ...into, [name]: restoreAt(original, next, deeper) }
    : into;
}

function isNames(value: unknown): boolean {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.every((name) => typeof name === "string" && NAME.test(name));
}
