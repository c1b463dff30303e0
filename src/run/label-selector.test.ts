import { expect, test } from "vitest";
import { parseLabelSelector } from "./label-selector.ts";

test.each([
  "tier=gold",
  "tier==gold",
  "tier = gold",
  "tier!=gold",
  "tier=",
  "tier",
  "!tier",
  "! tier",
  "app.kubernetes.io/name=kube-lifeline",
  "tier in (gold,silver)",
  "tier in ( gold , silver )",
  "tier notin (gold)",
  "tier in ()",
  "a=b,c in (d,e),!f,g",
  "replicas>3,replicas<10",
])("parseLabelSelector() hands on %j as it is", (input) => {
  const parsed = parseLabelSelector(input);

  expect(parsed).toEqual({ type: "valid", value: input });
});

test.each([
  ["tier=gold silver", "tier=gold silver"],
  ["a=b,,c=d", ""],
  ["a=b,", ""],
  ["tier in gold", "tier in gold"],
  ["tier in (gold", "tier in (gold"],
  ["-tier=gold", "-tier=gold"],
  ["tier===gold", "tier===gold"],
  ["tier=~gold", "tier=~gold"],
  ["a/b/c=d", "a/b/c=d"],
  [`${"x".repeat(64)}=a`, `${"x".repeat(64)}=a`],
  ["replicas>many", "replicas>many"],
])("parseLabelSelector() refuses %j for %j", (input, requirement) => {
  const parsed = parseLabelSelector(input);

  expect(parsed).toEqual({
    type: "invalid",
    why: `${JSON.stringify(requirement)} is no requirement on a label`,
  });
});

test("parseLabelSelector() is not slowed down by nasty input", { timeout: 1_000 }, () => {
  const parsed = parseLabelSelector(`${"a.-_".repeat(5_000)}=${"(".repeat(5_000)}`);

  expect(parsed.type).toBe("invalid");
});
