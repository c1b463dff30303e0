import { expect, test } from "vitest";
import { prometheusName } from "./prometheus-name.ts";

test.for([
  ["lifeline.object.healthy", "gauge", "{object}", "lifeline_object_healthy"],
  [
    "lifeline.object.condition.transition_time",
    "gauge",
    "s",
    "lifeline_object_condition_transition_time_seconds",
  ],
  ["lifeline.object.status.<field>", "gauge", "", "lifeline_object_status_<field>"],
  ["lifeline.object.changes", "counter", "{change}", "lifeline_object_changes_total"],
  ["lifeline.process.memory", "gauge", "By", "lifeline_process_memory_bytes"],
  ["lifeline.export.duration", "histogram", "s", "lifeline_export_duration_seconds"],
] as const)("prometheusName() of %s (%s, unit %s) is %s", ([name, kind, unit, wanted]) => {
  expect(prometheusName(name, { kind, unit })).toBe(wanted);
});
