import type { Clock } from "../util/clock.ts";
import { unreachable } from "../util/unreachable.ts";
import { reviewAccess } from "./access.ts";
import type { ApiClient } from "./api-client.ts";
import { type Backoff, nextBackoff } from "./backoff.ts";
import type { KindFacts, KubeObject } from "./kube-object.ts";
import { CRD_KEY, type Crds } from "./list-crds.ts";
import { type CrdFacts, NO_HINTS, parseCrd } from "./parse-crd.ts";
import { watchResource } from "./reflector.ts";
import type { ClusterReport, Report } from "./report.ts";
import { formatResource, type WatchEvent } from "./watch-event.ts";

export type CrdFollowerOptions = {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  /** Something about CRDs is other than before, or than it was when `settled` resolved. */
  readonly changed: () => void;
};

const FACTS: KindFacts = {
  group: CRD_KEY.group,
  resource: CRD_KEY.resource,
  version: "v1",
  kind: "CustomResourceDefinition",
  scope: "Cluster",
  hasStatusSubresource: true,
  hints: NO_HINTS,
};

/** Rights that are missing are asked for again by then at the latest. */
const RIGHTS_CAP_MS = 60_000;

/** Follows all CRDs where they may be watched, and keeps only facts: a CRD weighs up to a megabyte. */
export class CrdFollower {
  readonly #options: CrdFollowerOptions;
  readonly #settled = Promise.withResolvers<void>();
  #isSettled = false;
  #byName: Map<string, CrdFacts> | undefined;
  #listed = new Map<string, CrdFacts>();
  #isForbidden = false;

  constructor(options: CrdFollowerOptions) {
    this.#options = options;
  }

  /** Resolves once all CRDs are known, or it is known that they can't be watched for now. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** `undefined` before all have been seen once. */
  get known(): Crds | undefined {
    if (this.#byName === undefined) return undefined;
    return { byName: this.#byName, isComplete: !this.#isForbidden };
  }

  /** Runs until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, random } = this.#options;
    let backoff: Backoff | undefined;
    while (!signal.aborted) {
      const access = await reviewAccess(client, CRD_KEY, signal);
      if (access.type !== "forbidden") await this.#follow(signal);
      this.#settle();
      const next = nextBackoff(backoff, clock.now(), { random: random(), capMs: RIGHTS_CAP_MS });
      ({ backoff } = next);
      await clock.sleep(next.delayMs, signal);
    }
    this.#settle();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, clock, random } = this.#options;
    const report = (reported: ClusterReport): void => this.#heard(reported);
    const options = { client, facts: FACTS, key: CRD_KEY, clock, random, report, signal };
    for await (const events of watchResource(options)) {
      const wasForbidden = this.#isForbidden;
      let isChanged = false;
      for (const event of events) {
        if (event.type !== "failed") this.#isForbidden = false;
        isChanged = this.#take(event) || isChanged;
      }
      if (isChanged || wasForbidden !== this.#isForbidden) this.#options.changed();
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled.resolve();
  }

  #heard(reported: ClusterReport): void {
    if (reported.type === "kind-forbidden") {
      this.#isForbidden = true;
      this.#options.changed();
    }
    this.#options.report(reported);
  }

  /** Whether something is other than before. */
  #take(event: WatchEvent): boolean {
    switch (event.type) {
      case "resync-start":
        this.#listed = new Map();
        return false;
      case "resync-object":
        put(this.#listed, event.object);
        return false;
      case "resync-deleted":
        drop(this.#listed, event.object);
        return false;
      case "resync-end":
        return this.#listedAll();
      case "applied":
        put(this.#byName, event.object);
        return true;
      case "deleted":
        drop(this.#byName, event.object);
        return true;
      case "failed":
        // It goes on trying; whoever waits for CRDs asks in another way meanwhile.
        this.#settle();
        return false;
      case "resync-unreadable":
      case "position":
      case "kind-gone":
        return false;
      default:
        return unreachable(event);
    }
  }

  #listedAll(): boolean {
    this.#byName = this.#listed;
    const isAwaited = !this.#isSettled;
    this.#settle();
    return !isAwaited;
  }
}

function put(crds: Map<string, CrdFacts> | undefined, object: KubeObject): void {
  const crd = parseCrd(object);
  // The API server lets no CRD have another name.
  if (crd !== undefined) crds?.set(formatResource(crd), crd);
}

function drop(crds: Map<string, CrdFacts> | undefined, object: KubeObject): void {
  crds?.delete(object.metadata.name);
}
