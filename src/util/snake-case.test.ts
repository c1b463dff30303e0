import { expect, test } from "vitest";
import { snakeCase } from "./snake-case.ts";

test.each([
  ["readyReplicas", "ready_replicas"],
  ["storageAllocatedGb", "storage_allocated_gb"],
  ["CPUUsage", "cpu_usage"],
  ["already_snake", "already_snake"],
  ["kebab-case.and dots", "kebab_case_and_dots"],
  ["__proto__", "proto"],
  ["größe", "gr_e"],
  ["🙂", ""],
])("snakeCase(%j) is %j", (name, snake) => {
  expect(snakeCase(name)).toBe(snake);
});
