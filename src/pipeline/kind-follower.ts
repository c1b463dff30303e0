import { reviewAccess } from "../cluster/access.ts";
import type { ApiClient } from "../cluster/api-client.ts";
import { askServed } from "../cluster/ask-served.ts";
import { nextBackoff } from "../cluster/backoff.ts";
import type { Discovery } from "../cluster/discovery.ts";
import type { NamespaceSelection } from "../cluster/namespace-patterns.ts";
import { patiently } from "../cluster/patiently.ts";
import { type PlannedWatch, planWatches } from "../cluster/plan-watches.ts";
import type { ClusterReport } from "../cluster/report.ts";
import { RequestBudget, REVIEWS_PER_SECOND } from "../cluster/request-budget.ts";
import { type ResourcePattern, selectKinds } from "../cluster/resource-patterns.ts";
import type { Shard } from "../cluster/shard.ts";
import { formatResource, formatWatchKey } from "../cluster/watch-event.ts";
import type { Clock } from "../util/clock.ts";
import { WakeUp } from "../util/wake-up.ts";
import { Appearances } from "./appearances.ts";
import { isUncertain, LiveDiscovery } from "./live-discovery.ts";
import { type Changes, planChanges } from "./plan-changes.ts";
import type { PipelineReport } from "./report.ts";
import { Rights } from "./rights.ts";
import type { Watches, WatchStart } from "./watches.ts";

export type KindFollowerOptions = {
  readonly client: ApiClient;
  readonly resources: readonly ResourcePattern[];
  readonly namespaces: NamespaceSelection;
  readonly labelSelector: string | undefined;
  readonly shard: Shard | undefined;
  readonly watches: Pick<Watches, "start" | "stop" | "gone">;
  /** What the state file remembers objects of, and the configuration wants. */
  readonly remembered: readonly PlannedWatch[];
  /** The watches of the start have begun: their names. */
  readonly chosen: (watches: readonly string[]) => void;
  /** Whether the state file took what the beginning of a watch writes. */
  readonly unwritable: (error: Error | undefined) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (report: PipelineReport) => void;
  readonly reportCluster: (report: ClusterReport) => void;
};

/** A group that fails longer than this is somebody's broken API server; the others' watches don't wait for it. */
const GROUP_ATTEMPTS_MAX = 3;

/** How often discovery is asked though nothing hints at a change: an aggregated API, or one that is back, says nothing by itself. */
const POLL_MS = 60_000;

/** With two questions each this is about as much as may be asked in a second. */
const REVIEWS_AT_ONCE = 8;

/** CRDs come in dozens, each with several changes until it is served. */
const DEBOUNCE_MS = 500;

/**
 * Keeps the watches in step with what the cluster serves and allows: kinds come and go, change their version, and
 * rights are granted and taken away.
 *
 *    CRD changed · 404 met · a minute passed · a right is due to be asked for again · what was unclear is due again
 *                                        │
 *    discovery (by ETag) ─> what is wanted ─> planChanges ─> watches begin where rights allow it, begin anew, end
 *                                                                │
 *                                    vanished: only if its own path is missing, too, are its objects gone
 */
export class KindFollower {
  readonly #options: KindFollowerOptions;
  readonly #discovery: LiveDiscovery;
  readonly #rights: Rights;
  readonly #pace: RequestBudget;
  readonly #appearances = new Appearances();
  readonly #wake = new WakeUp();
  readonly #running = new Map<string, PlannedWatch>();
  readonly #remembered: Map<string, PlannedWatch>;
  /** Of running watches: what their requests are refused for now. */
  readonly #refused = new Map<string, string>();
  #again: ReturnType<typeof nextBackoff> | undefined;
  /** What discovery failed with the last time, as it was told. */
  #told: ReadonlySet<string> = new Set();
  /** What it failed with the last time, told or not. */
  #met: ReadonlySet<string> = new Set();

  constructor(options: KindFollowerOptions) {
    this.#options = options;
    const { client, clock, random, reportCluster } = options;
    this.#pace = new RequestBudget(clock, REVIEWS_PER_SECOND);
    const pace = this.#pace;
    const changed = (): void => this.#wake.ring();
    this.#discovery = new LiveDiscovery({ client, clock, random, report: reportCluster, changed });
    this.#rights = new Rights({
      review: async (watch, signal) => {
        // One for each of the two verbs that a review asks about.
        await Promise.all([pace.wait(signal), pace.wait(signal)]);
        return await reviewAccess(client, watch.key, signal);
      },
      clock,
      random,
      report: options.report,
    });
    this.#remembered = new Map(options.remembered.map((one) => [formatWatchKey(one.key), one]));
  }

  /** One line per watch that is not allowed at present. */
  forbidden(): readonly string[] {
    return [...new Map([...this.#rights.forbidden(), ...this.#refused])]
      .map(([watch, missing]) => `${watch} is not allowed: ${missing}`)
      .toSorted();
  }

  /** Takes note of what a running watch meets. */
  heard(report: ClusterReport): void {
    if (report.type === "kind-missing") this.#wake.ring();
    if (report.type === "kind-forbidden") this.#refused.set(report.watch, report.error.message);
    const isAllowed = report.type === "watch-state" && report.state === "watching";
    if (isAllowed || report.type === "list-done") this.#refused.delete(report.watch);
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const following = this.#discovery.run(signal);
    await this.#begin(signal);
    while (!signal.aborted) {
      await this.#wake.wait(this.#options.clock, signal, this.#nextDelayMs());
      // What comes at once with what woke it.
      await this.#options.clock.sleep(DEBOUNCE_MS, signal);
      const discovery = await this.#discovery.ask(signal);
      if (signal.aborted) break;
      this.#tell(discovery);
      await this.#follow(discovery, signal);
    }
    await following;
  }

  /** Asks until discovery answers, so an API server that is not there yet is waited for. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { report, chosen } = this.#options;
    let attempts = 0;
    const discovery = await patiently(
      async () => {
        const found = await this.#discovery.ask(signal);
        if (signal.aborted) return undefined;
        this.#told = new Set();
        this.#tell(found);
        if (found.failures.some(({ retry }) => retry === "until-answered")) return undefined;
        const isIncomplete = found.failures.some(({ retry }) => retry === "few-times");
        if (isIncomplete) attempts++;
        return isIncomplete && attempts < GROUP_ATTEMPTS_MAX ? undefined : found;
      },
      { ...this.#options, signal },
    );
    if (discovery === undefined) return;
    await this.#follow(discovery, signal);
    if (signal.aborted) return;
    const { hidden, unmatched } = this.#select(discovery);
    const watches = [...this.#running.keys()];
    const names = hidden.map(({ facts }) => formatResource(facts));
    report({ type: "kinds-chosen", watches, hidden: names, unmatched });
    chosen(watches);
  }

  /** What fails again in the same way is no news; what passes by the next time, as of a CRD that was just made, is none either. */
  #tell({ failures }: Discovery): void {
    const told = failures.filter(
      ({ retry, error }) => retry !== "few-times" || this.#met.has(error.message),
    );
    for (const { error } of told)
      if (!this.#told.has(error.message)) this.#options.report({ type: "discovery-failed", error });
    this.#told = new Set(told.map(({ error }) => error.message));
    this.#met = new Set(failures.map(({ error }) => error.message));
  }

  async #follow(discovery: Discovery, signal: AbortSignal): Promise<void> {
    this.#appearances.take(discovery, this.#options.clock.now());
    const { resources: _, namespaces, labelSelector, shard } = this.#options;
    const wanted = planWatches(this.#select(discovery).selected, namespaces, {
      labelSelector,
      shard,
    });
    const isSettled = await this.#apply(
      planChanges({
        wanted,
        served: new Set(discovery.kinds.map(({ facts }) => formatResource(facts))),
        isUncertain: (group) => isUncertain(discovery, group),
        running: [...this.#running.values()],
        remembered: [...this.#remembered.values()],
      }),
      signal,
    );
    const isClear = discovery.failures.every(({ retry }) => retry === "never");
    if (isSettled && isClear) this.#again = undefined;
    else this.#askAgain();
  }

  /** A few at a time, so that the first of many need not wait until all others have been asked about. */
  async #startAllowed(waiting: readonly PlannedWatch[], signal: AbortSignal): Promise<void> {
    this.#rights.forgetOthers(waiting);
    for (let from = 0; from < waiting.length && !signal.aborted; from += REVIEWS_AT_ONCE) {
      const some = waiting.slice(from, from + REVIEWS_AT_ONCE);
      await this.#rights.review(some, signal);
      const forbidden = this.#rights.forbidden();
      for (const watch of some)
        if (!signal.aborted && !forbidden.has(formatWatchKey(watch.key)))
          await this.#start(watch, signal);
    }
  }

  #select(discovery: Discovery): ReturnType<typeof selectKinds> {
    return selectKinds(this.#options.resources, discovery.kinds);
  }

  /** False: something could not be told, or not be done, and is to be tried again. */
  async #apply(changes: Changes, signal: AbortSignal): Promise<boolean> {
    const { start, restart, stop, vanished } = changes;
    for (const watch of stop) await this.#end(watch, "LIFELINE_RESOURCES selects it no more");
    for (const watch of restart) {
      const ended = await this.#end(watch, "what is known of its kind has changed");
      await this.#start(watch, signal, ended);
    }
    await this.#startAllowed(start, signal);
    let isSettled = true;
    for (const watch of vanished)
      if (!signal.aborted) isSettled = (await this.#confirm(watch, signal)) && isSettled;
    return isSettled;
  }

  async #start(
    watch: PlannedWatch,
    signal: AbortSignal,
    before: Pick<WatchStart, "wasSynced"> = {},
  ): Promise<void> {
    const { watches, unwritable, report } = this.#options;
    const name = formatWatchKey(watch.key);
    const absentAtMs = this.#appearances.absentAtMs(formatResource(watch.key));
    const since = absentAtMs === undefined ? {} : { absentAtMs };
    const start = { ...toStart(watch), ...since, ...before };
    const begun = await patiently(
      async () => {
        const error = watches.start(start);
        unwritable(error);
        if (error === undefined) return true;
        report({ type: "commit-failed", error, changes: 0 });
        return undefined;
      },
      { ...this.#options, signal },
    );
    if (begun === undefined) return;
    this.#running.set(name, watch);
    this.#remembered.delete(name);
  }

  async #end({ key }: PlannedWatch, reason: string): ReturnType<Watches["stop"]> {
    this.#forget(formatWatchKey(key));
    return await this.#options.watches.stop(key, reason);
  }

  #forget(name: string): void {
    this.#running.delete(name);
    this.#refused.delete(name);
  }

  /** What discovery does not name may be hidden by a server that has just started: only what is missing at its own path is gone. */
  async #confirm(watch: PlannedWatch, signal: AbortSignal): Promise<boolean> {
    const { client, watches, report } = this.#options;
    await this.#pace.wait(signal);
    const served = await askServed(client, watch, signal);
    const isGone =
      served === "missing" ||
      (served === "hidden" && this.#discovery.wasDeleted(formatResource(watch.key)));
    if (signal.aborted || !isGone) return served === "hidden";
    const name = formatWatchKey(watch.key);
    this.#forget(name);
    this.#remembered.set(name, watch);
    if ((await watches.gone(toStart(watch))) === "held") return false;
    this.#remembered.delete(name);
    report({ type: "kind-gone", watch: name });
    return true;
  }

  #askAgain(): void {
    const { clock, random } = this.#options;
    const options = { random: random(), capMs: POLL_MS };
    this.#again = nextBackoff(this.#again?.backoff, clock.now(), options);
  }

  #nextDelayMs(): number {
    const { clock, random } = this.#options;
    const pollMs = POLL_MS * (1 + random() / 4);
    const againMs = this.#again?.delayMs ?? Infinity;
    return Math.min(pollMs, againMs, this.#rights.dueAtMs() - clock.now());
  }
}

function toStart({ key, facts, namespaceFilter }: PlannedWatch): WatchStart {
  return { key, facts, includes: namespaceFilter ?? (() => true) };
}
