import { formatShard } from "../cluster/shard.ts";
import type { Severity } from "../lifecycle/signal.ts";
import { interpretStale } from "../lifecycle/watch-story.ts";
import type { Clock } from "../util/clock.ts";
import type { ActiveWatch } from "./active-watch.ts";
import type { Commit } from "./commit.ts";
import { isLoudEnough } from "./loud-enough.ts";
import type { PipelineReport } from "./report.ts";

/** Without a sign of life for so long, nobody knows how the objects of a watch stand (docs/contract.md §5). */
const BLIND_AFTER_MS = 5 * 60_000;

const EVERY_MS = 5000;

export type BlindnessOptions = {
  readonly commit: Commit;
  /** The running watches. */
  readonly watches: () => Iterable<ActiveWatch>;
  /** Records below it are not sent. */
  readonly minimumSeverity: Severity;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/**
 * Whether what is known of a watch's objects is too old to be sent as how they stand. Before the first sign of life of
 * this run that counts from the last run's last look: an hour later, "Ready" of then is no answer.
 */
export function isBlind(watch: ActiveWatch, nowMs: number): boolean {
  const { lastSignAtMs, lookedAtMs, startedAtMs } = watch;
  return nowMs - (lastSignAtMs ?? lookedAtMs ?? startedAtMs) >= BLIND_AFTER_MS;
}

/** Milliseconds without a sign of life in this run. */
export function silenceOf(watch: ActiveWatch, nowMs: number): number {
  return nowMs - (watch.lastSignAtMs ?? watch.startedAtMs);
}

/**
 * Tells when a watch has given no sign of life for 5 minutes: an event, a bookmark, a page of a list, or the answer that a
 * watch is open. Errors are none: they say nothing of the objects. That it sees again is told by `lifeline.synced`, once
 * all that happened in between is, with the net changes, as after a restart.
 *
 * A watch that is held because commits fail is as blind as any other, so its gauges stop, too; but that is told as what it
 * is, by `commit-failed`, and no record could be written.
 */
export class Blindness {
  readonly #options: BlindnessOptions;
  /** When a watch was found blind for the first time, and what of. */
  readonly #blind = new WeakMap<ActiveWatch, "suspected" | "told">();

  constructor(options: BlindnessOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, commit } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(EVERY_MS, signal);
      if (!signal.aborted && !commit.failing) this.#look(clock.now());
    }
  }

  #look(nowMs: number): void {
    for (const watch of this.#options.watches()) {
      const known = this.#blind.get(watch);
      if (silenceOf(watch, nowMs) < BLIND_AFTER_MS) this.#see(watch);
      // Who wakes from a sleep (of the machine, say) has not heard yet what came meanwhile.
      else if (known === undefined) this.#blind.set(watch, "suspected");
      else if (known === "suspected") this.#tell(watch, nowMs);
    }
  }

  #see(watch: ActiveWatch): void {
    if (this.#blind.get(watch) === "told")
      this.#options.report({ type: "watch-sees-again", watch: watch.name });
    this.#blind.delete(watch);
  }

  #tell(watch: ActiveWatch, nowMs: number): void {
    const { commit, minimumSeverity, report } = this.#options;
    this.#blind.set(watch, "told");
    const silentMs = silenceOf(watch, nowMs);
    report({ type: "watch-stale", watch: watch.name, silentMs, error: watch.lastError });
    if (watch.state === "synced") loseSight(watch, nowMs - silentMs);
    watch.state = "failed";
    const position = watch.reached ?? "";
    if (watch.staleAt === position) return;
    watch.staleAt = position;
    const { namespace, shard } = watch.key;
    const record = interpretStale({
      watchKey: watch.name,
      kind: watch.facts,
      ...(namespace === undefined ? {} : { namespace }),
      ...(shard === undefined ? {} : { shard: formatShard(shard) }),
      position,
      observedAtMs: nowMs,
      silentMs,
      error: watch.lastError,
    });
    if (isLoudEnough(record.severity, minimumSeverity)) commit.tell([record]);
  }
}

/** The next complete look is told as one after a restart: what differs from the last is news. */
function loseSight(watch: ActiveWatch, sinceMs: number): void {
  watch.hadHistory = true;
  watch.missingSinceMs = sinceMs;
  watch.netChanges = {};
  watch.firstLook = { told: 0, withheld: 0 };
}
