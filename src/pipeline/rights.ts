import type { Access } from "../cluster/access.ts";
import { type Backoff, nextBackoff } from "../cluster/backoff.ts";
import type { PlannedWatch } from "../cluster/plan-watches.ts";
import { formatResource, formatWatchKey } from "../cluster/watch-event.ts";
import type { Clock } from "../util/clock.ts";
import type { PipelineReport } from "./report.ts";

export type RightsOptions = {
  readonly review: (watch: PlannedWatch, signal: AbortSignal) => Promise<Access>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (report: PipelineReport) => void;
};

type Refusal = { readonly missing: string; readonly backoff: Backoff; readonly dueAtMs: number };

/** A right may be granted at any time, and an API server that has just started may know it in a moment. */
const CAP_MS = 60_000;
/** Where much is forbidden, what is asked of the API server for it stays little. */
const CAP_PER_REFUSAL_MS = 1000;

/** What may be watched: asked before a watch begins, and again, ever more slowly, as long as it is forbidden. */
export class Rights {
  readonly #options: RightsOptions;
  readonly #refusals = new Map<string, Refusal>();

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /** What is missing, by the names of the watches that may not begin. */
  forbidden(): ReadonlyMap<string, string> {
    return new Map([...this.#refusals].map(([name, { missing }]) => [name, missing]));
  }

  /** Unix milliseconds at which the next refusal is to be asked about again; infinite if there is none. */
  dueAtMs(): number {
    return Math.min(Infinity, ...[...this.#refusals.values()].map(({ dueAtMs }) => dueAtMs));
  }

  /** Forgets all others: they run, or nobody asks for them any more. */
  forgetOthers(watches: readonly PlannedWatch[]): void {
    const names = new Set(watches.map(({ key }) => formatWatchKey(key)));
    for (const name of this.#refusals.keys()) if (!names.has(name)) this.#refusals.delete(name);
  }

  /** Asks for those of which nothing is known, or whose time has come. */
  async review(watches: readonly PlannedWatch[], signal: AbortSignal): Promise<void> {
    const nowMs = this.#options.clock.now();
    const due = watches.filter(({ key }) => {
      const refusal = this.#refusals.get(formatWatchKey(key));
      return refusal === undefined || refusal.dueAtMs <= nowMs;
    });
    await Promise.all(due.map((watch) => this.#reviewOne(watch, signal)));
  }

  async #reviewOne(watch: PlannedWatch, signal: AbortSignal): Promise<void> {
    const { review, clock, random, report } = this.#options;
    const access = await review(watch, signal);
    if (signal.aborted) return;
    const name = formatWatchKey(watch.key);
    const known = this.#refusals.get(name);
    if (access.type !== "forbidden") {
      this.#refusals.delete(name);
      if (known !== undefined) report({ type: "watch-allowed", watch: name });
      return;
    }
    const verbs = access.missing.map((verb) => `"${verb}"`).join(" and ");
    const missing = `needs ${verbs} on "${formatResource(watch.key)}"`;
    if (known?.missing !== missing) report({ type: "watch-forbidden", watch: name, missing });
    const capMs = Math.max(CAP_MS, this.#refusals.size * CAP_PER_REFUSAL_MS);
    const next = nextBackoff(known?.backoff, clock.now(), { random: random(), capMs });
    const dueAtMs = clock.now() + next.delayMs;
    this.#refusals.set(name, { missing, backoff: next.backoff, dueAtMs });
  }
}
