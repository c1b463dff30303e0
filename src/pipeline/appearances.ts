import type { Discovery } from "../cluster/discovery.ts";
import { formatResource } from "../cluster/watch-event.ts";
import { isUncertain } from "./live-discovery.ts";

/** Remembers until when discovery is sure not to have named a kind: what such a kind holds was created since. */
export class Appearances {
  readonly #absentAtMs = new Map<string, number>();
  #last: { readonly discovery: Discovery; readonly atMs: number } | undefined;

  take(discovery: Discovery, nowMs: number): void {
    const last = this.#last;
    const known = new Set(last?.discovery.kinds.map(({ facts }) => formatResource(facts)));
    for (const { facts } of last === undefined ? [] : discovery.kinds) {
      const name = formatResource(facts);
      const wasHidden = last === undefined || isUncertain(last.discovery, facts.group);
      if (!known.has(name) && !wasHidden) this.#absentAtMs.set(name, last.atMs);
    }
    this.#last = { discovery, atMs: nowMs };
  }

  /** Unix milliseconds; `undefined` for a kind that may have been there all along. */
  absentAtMs(name: string): number | undefined {
    return this.#absentAtMs.get(name);
  }
}
