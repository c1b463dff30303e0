import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

const NAMES = ["RESOURCES", "NAMESPACES", "STATE_DIR", "METRIC_INTERVAL", "METRIC_HEARTBEAT"];

test.each([
  ["RESORUCES", "RESOURCES"],
  ["RESOURCE", "RESOURCES"],
  ["resources", "RESOURCES"],
  ["NAMESPACE", "NAMESPACES"],
  ["STATE_DIRECTORY", undefined],
  ["STATEDIR", "STATE_DIR"],
  ["METRICS_INTERVAL", "METRIC_INTERVAL"],
  ["METRIC_HEARTBEET", "METRIC_HEARTBEAT"],
  ["SOMETHING_ELSE", undefined],
  ["", undefined],
])("nearestName() takes %j for %j", (name, expected) => {
  const nearest = nearestName(name, NAMES);

  expect(nearest).toBe(expected);
});

test("nearestName() knows nothing when there are no candidates", () => {
  const nearest = nearestName("RESOURCES", []);

  expect(nearest).toBeUndefined();
});

test("nearestName() takes the closer of two candidates", () => {
  const nearest = nearestName("warm", ["ward", "warn", "warmer", "warm"]);

  expect(nearest).toBe("warm");
});
