import { expect, test } from "vitest";
import { decideAppearance, type Appearance } from "./appearance.ts";

const LOOKED = Date.parse("2026-01-31T08:00:00Z");
const live: Appearance = {
  hasHistory: true,
  inResync: false,
  hasSelector: false,
  creationTimestamp: "2020-01-01T00:00:00Z",
  lastLookedAtMs: LOOKED,
};

test.each<readonly [string, Partial<Appearance>, string]>([
  [
    "the watch never looked",
    { hasHistory: false, lastLookedAtMs: undefined, inResync: true },
    "first-look",
  ],
  [
    "the watch has no history but a time",
    { hasHistory: false, creationTimestamp: "2027-01-01T00:00:00Z" },
    "first-look",
  ],
  [
    "an event comes without a selector, of an object created an hour before",
    { creationTimestamp: "2026-01-31T07:00:00Z" },
    "created",
  ],
  [
    "an event comes without a selector, of an older object, as one skipped at the first look",
    { creationTimestamp: "2026-01-31T06:59:59Z" },
    "entered-view",
  ],
  [
    "an event comes without a selector or a creation time",
    { creationTimestamp: undefined },
    "created",
  ],
  ["an event comes with a selector, of an old object", { hasSelector: true }, "entered-view"],
  [
    "an event comes with a selector, of a new object",
    { hasSelector: true, creationTimestamp: "2026-01-31T08:00:01Z" },
    "created",
  ],
  ["a relist shows an old object", { inResync: true }, "entered-view"],
  [
    "a relist shows one created after the last look",
    { inResync: true, creationTimestamp: "2026-01-31T09:00:00Z" },
    "created",
  ],
  [
    "a relist shows one created within the slack before it",
    { inResync: true, creationTimestamp: "2026-01-31T07:59:00Z" },
    "created",
  ],
  [
    "a relist shows one created a second before the slack",
    { inResync: true, creationTimestamp: "2026-01-31T07:58:59Z" },
    "entered-view",
  ],
  [
    "a relist shows one without a creation time",
    { inResync: true, creationTimestamp: undefined },
    "entered-view",
  ],
])(
  "A20 initial-flag: decideAppearance says why an object appeared when %s",
  (_when, given, expected) => {
    const cause = decideAppearance({ ...live, ...given });

    expect(cause).toBe(expected);
  },
);
