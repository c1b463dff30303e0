import { expect, test } from "vitest";
import type { DiscoveryFailure } from "../cluster/served-groups.ts";
import { isUncertain } from "./live-discovery.ts";

function failed(scope: DiscoveryFailure["scope"], groupVersion = ""): DiscoveryFailure {
  return { scope, groupVersion, retry: "few-times", error: new Error("failed") };
}

test.each<[string, DiscoveryFailure, Readonly<Record<string, boolean>>]>([
  ["a root", failed("root"), { apps: true, "example.com": true, "": true }],
  ["a group", failed("group", "apps/v1"), { apps: true, "example.com": false, "": false }],
  ["the core group", failed("group", "v1"), { apps: false, v1: false, "": true }],
  ["the list of CRDs", failed("crds"), { apps: false, "example.com": false, "": false }],
])("isUncertain() of groups when %s could not be told", (_, failure, expected) => {
  const discovery = { kinds: [], failures: [failure] };

  const told = Object.keys(expected).map((group) => [group, isUncertain(discovery, group)]);

  expect(Object.fromEntries(told)).toEqual(expected);
});
