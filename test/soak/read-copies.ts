import { textAttribute } from "../support/text-attribute.ts";
import type { LogEntry } from "../testbed/otlp-json.ts";
import type { Copy } from "./judge.ts";

/** What arrived of one program about objects, in order. */
export function readCopies(logs: readonly LogEntry[], program: string): readonly Copy[] {
  return logs
    .filter(({ resource }) => resource["service.name"] === program)
    .filter(({ eventName }) => eventName.startsWith("lifeline.object."))
    .map((log) => ({
      recordUid: textAttribute(log, "log.record.uid"),
      objectUid: textAttribute(log, "k8s.object.uid"),
      attributes: log.attributes,
      timeMs: Number(log.timeUnixNano / 1_000_000n),
      bytes: `${JSON.stringify(log.resource)} ${JSON.stringify(log.scope)} ${log.raw}`,
    }));
}
