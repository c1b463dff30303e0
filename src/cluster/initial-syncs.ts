import type { Clock } from "../util/clock.ts";
import type { FallbackReason } from "./report.ts";

/** Initial syncs of one API server at a time: each costs it a walk over all objects of a kind, and us their decoding. */
const AT_ONCE = 8;

/** Those who had to wait begin up to this much later than they might, so that what ends together does not begin together. */
const JITTER_MS = 100;

/**
 * An API server may be upgraded under a process that runs for months, and one stream too many costs a request or half
 * a minute: after a day it is tried again, when everything has to be looked at anew for another reason.
 */
const DAY_MS = 24 * 3_600_000;

/** Streams are cut short where a server or what is before it is in trouble, which says nothing of them once that is over. */
const TROUBLE_MS = 10 * 60_000;

/** For how long pages are asked for. */
const PAGES_MS: Readonly<Record<FallbackReason, number>> = {
  refused: DAY_MS,
  "never-ends": DAY_MS,
  "cut-short": TROUBLE_MS,
};

type Turn = { readonly clock: Clock; readonly random: () => number; readonly signal: AbortSignal };

/** What the watches of one API server share about their looks: how many run at a time, and which can't be streams. */
export class InitialSyncs {
  readonly #waiting: (() => void)[] = [];
  readonly #pagesUntilMs = new Map<string, number>();
  #free: number = AT_ONCE;

  /** Resolves when it is this look's turn, or its signal aborts, with how to give the turn back; first come, first served. */
  async enter({ clock, random, signal }: Turn): Promise<() => void> {
    if (signal.aborted) return () => undefined;
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#leaveOnce();
    }
    if (!(await this.#wait(signal))) return () => undefined;
    const leave = this.#leaveOnce();
    await clock.sleep(Math.round(random() * JITTER_MS), signal);
    return leave;
  }

  /** Whether this watch (`formatWatchKey`) is looked at page by page. */
  prefersPages(watch: string, nowMs: number): boolean {
    return nowMs < (this.#pagesUntilMs.get(watch) ?? -Infinity);
  }

  preferPages(watch: string, reason: FallbackReason, nowMs: number): void {
    this.#pagesUntilMs.set(watch, nowMs + PAGES_MS[reason]);
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
        resolve(false);
      };
      function proceed(): void {
        signal.removeEventListener("abort", stop);
        resolve(true);
      }
      signal.addEventListener("abort", stop, { once: true });
      this.#waiting.push(proceed);
    });
  }

  #leaveOnce(): () => void {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

/** One watch's turn to look, which it gives back while it waits for anything but the API server. */
export class LookTurn {
  readonly #initialSyncs: InitialSyncs;
  readonly #turn: Turn;
  #leave: (() => void) | undefined;

  constructor(initialSyncs: InitialSyncs, turn: Turn) {
    this.#initialSyncs = initialSyncs;
    this.#turn = turn;
  }

  async take(): Promise<void> {
    this.#leave ??= await this.#initialSyncs.enter(this.#turn);
  }

  giveBack(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
