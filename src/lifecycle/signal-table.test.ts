import { expect, test } from "vitest";
import {
  ATTRIBUTES,
  COMMON_RECORD_ATTRIBUTES,
  OBJECT_SERIES_ATTRIBUTES,
} from "./attribute-table.ts";
import { COMMON_SPAN_ATTRIBUTES, SPANS } from "./span-table.ts";
import { LOG_RECORDS, METRICS } from "./signal-table.ts";

test("each attribute that a signal names is described, and each that is described is named", () => {
  const named = [
    ...COMMON_RECORD_ATTRIBUTES,
    ...OBJECT_SERIES_ATTRIBUTES,
    ...COMMON_SPAN_ATTRIBUTES,
    "lifeline.link.annotation",
    ...[...Object.values(LOG_RECORDS), ...Object.values(METRICS), ...SPANS].flatMap(
      ({ attributes }) => attributes,
    ),
  ];

  expect([...new Set(named)].toSorted()).toEqual(Object.keys(ATTRIBUTES).toSorted());
});

test("no metric has the unit 1, and names are in OpenTelemetry's form", () => {
  for (const [name, { unit }] of Object.entries(METRICS)) {
    expect(unit).not.toBe("1");
    expect(name).toMatch(/^lifeline\.[a-z_.]+(?:<field>)?$/);
  }
});
