import { expect, test } from "vitest";
import { admitFirstLook } from "./first-look.ts";

const NONE_YET = { ofKind: 0, inAll: 0 };

test.each([
  { policy: "summary", health: "failed", counts: NONE_YET, admitted: true },
  { policy: "summary", health: "degraded", counts: NONE_YET, admitted: true },
  { policy: "summary", health: "progressing", counts: NONE_YET, admitted: true },
  { policy: "summary", health: "current", counts: NONE_YET, admitted: false },
  { policy: "summary", health: "suspended", counts: NONE_YET, admitted: false },
  { policy: "summary", health: "failed", counts: { ofKind: 19, inAll: 199 }, admitted: true },
  { policy: "summary", health: "failed", counts: { ofKind: 20, inAll: 20 }, admitted: false },
  { policy: "summary", health: "failed", counts: { ofKind: 0, inAll: 200 }, admitted: false },
  { policy: "all", health: "current", counts: { ofKind: 9_999, inAll: 99_999 }, admitted: true },
  { policy: "none", health: "failed", counts: NONE_YET, admitted: false },
] as const)(
  "admitFirstLook($policy) of a $health object after $counts is $admitted",
  ({ policy, health, counts, admitted }) => {
    expect(admitFirstLook(policy, health, counts)).toBe(admitted);
  },
);
