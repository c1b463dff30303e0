/** Our own seven words (docs/health.md); kstatus' words are `KstatusStatus`. */
export type Health =
  | "current"
  | "progressing"
  | "degraded"
  | "failed"
  | "suspended"
  | "terminating"
  | "unknown";

/** Our seven words, in the order in which counts of them are told; memories hold their places in it. */
export const HEALTHS: readonly Health[] = [
  "current",
  "progressing",
  "degraded",
  "failed",
  "suspended",
  "terminating",
  "unknown",
];

const WORDS: ReadonlySet<unknown> = new Set(HEALTHS);

export function isHealth(value: unknown): value is Health {
  return WORDS.has(value);
}

/** What `lifeline.object.healthy` says: nobody needs to look at an object that is current, or suspended on purpose. */
export function isHealthy(health: Health): boolean {
  return health === "current" || health === "suspended";
}
