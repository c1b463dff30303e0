import { type Discovery, describeKinds, NO_CRDS } from "../cluster/discovery.ts";
import { CrdFollower, type CrdFollowerOptions } from "../cluster/follow-crds.ts";
import { type Crds, listCrds } from "../cluster/list-crds.ts";
import type { ServedGroup } from "../cluster/parse-discovery.ts";
import { type DiscoveryFailure, ServedGroups } from "../cluster/served-groups.ts";

/** Discovery that is asked again and again, with CRDs as they are watched, else as they can be listed. */
export class LiveDiscovery {
  readonly #options: CrdFollowerOptions;
  readonly #served: ServedGroups;
  readonly #followed: CrdFollower;
  #listed: Crds = NO_CRDS;
  #listFailure: DiscoveryFailure | undefined;
  /** What was served when CRDs were last listed. */
  #listedFor: readonly ServedGroup[] = [];
  /** Names of all that a CRD ever served. */
  readonly #everByCrd = new Set<string>();

  constructor(options: CrdFollowerOptions) {
    this.#options = options;
    this.#served = new ServedGroups(options.client);
    this.#followed = new CrdFollower(options);
  }

  /** Follows CRDs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#followed.run(signal);
  }

  async ask(signal: AbortSignal): Promise<Discovery> {
    await this.#followed.settled;
    const { groups, failures } = await this.#served.ask(signal);
    const crds = this.#followed.known ?? (await this.#list(groups, signal));
    for (const name of crds.byName.keys()) this.#everByCrd.add(name);
    const listFailures =
      this.#followed.known === undefined && this.#listFailure !== undefined
        ? [this.#listFailure]
        : [];
    return describeKinds(groups, crds, [...failures, ...listFailures]);
  }

  /** Whether there was a CRD for that kind, and certainly is none any more. */
  wasDeleted(name: string): boolean {
    const crds = this.#followed.known ?? this.#listed;
    return crds.isComplete && this.#everByCrd.has(name) && !crds.byName.has(name);
  }

  /** CRDs are many and large: those that may be listed, but not watched, are listed when something else has changed. */
  async #list(groups: readonly ServedGroup[], signal: AbortSignal): Promise<Crds> {
    const isSame =
      groups.length === this.#listedFor.length &&
      groups.every((group, index) => group === this.#listedFor[index]);
    if (isSame && this.#listed.isComplete) return this.#listed;
    const listed = await listCrds(this.#options.client, signal);
    if ("byName" in listed) {
      this.#listed = listed;
      this.#listFailure = undefined;
      this.#listedFor = groups;
    } else {
      this.#listFailure = listed;
      this.#listed = { ...this.#listed, isComplete: false };
    }
    return this.#listed;
  }
}

/** Whether discovery could not tell all about a group. */
export function isUncertain({ failures }: Discovery, group: string): boolean {
  return failures.some(({ scope, groupVersion }) => {
    const parts = groupVersion.split("/");
    return (
      scope === "root" || (scope === "group" && (parts.length === 1 ? "" : parts[0]) === group)
    );
  });
}
