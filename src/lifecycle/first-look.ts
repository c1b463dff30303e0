import { type Health, isHealthy } from "./health-words.ts";

/** `LIFELINE_INITIAL`: which `observed` records of a first look are sent. */
export type InitialPolicy = "summary" | "all" | "none";

/** How many have been sent since this kind's look began, and since all kinds' first looks began. */
export type FirstLookCounts = { readonly ofKind: number; readonly inAll: number };

/** Enough to see what is wrong, few enough for a cluster with 200 CRDs (docs/contract.md §4). */
const KIND_MAX = 20;
const TOTAL_MAX = 200;

/** Whether the `observed` record of an object of this health is sent; `lifeline.synced` tells how many there were. */
export function admitFirstLook(
  policy: InitialPolicy,
  health: Health,
  counts: FirstLookCounts,
): boolean {
  if (policy !== "summary") return policy === "all";
  return !isHealthy(health) && counts.ofKind < KIND_MAX && counts.inAll < TOTAL_MAX;
}
