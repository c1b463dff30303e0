import type { Repetition } from "./wording.ts";

/** `say`: aloud, standing for `repeats` more that were held since the last time. */
export type GuardDecision =
  | { readonly type: "say"; readonly repeats: number }
  | { readonly type: "hold" };

type Entry = { state: string; sinceMs: number; saidInWindow: number; repeats: number };

/** Long enough not to fill a screen, short enough that the newest lines still tell what is wrong. */
const WINDOW_MS = 5 * 60_000;
/** What flaps faster than this within one window is held, too. */
const SAID_PER_WINDOW_MAX = 10;
/** Bounds memory where subjects are many; the oldest is forgotten, which makes its next repetition loud. */
const SUBJECTS_MAX = 2_000;
const WELL = "well";

/** Decides which of the messages about one subject are worth saying; time is handed in. */
export class RepetitionGuard {
  readonly #entries = new Map<string, Entry>();

  decide(repetition: Repetition, nowMs: number): GuardDecision {
    const known = this.#entries.get(repetition.subject);
    const state = repetition.type === "recovered" ? WELL : repetition.state;
    if (known === undefined)
      return repetition.type === "recovered"
        ? { type: "hold" }
        : this.#begin(repetition.subject, state, nowMs);
    const isNews = known.state !== state;
    const isNewWindow = nowMs - known.sinceMs >= WINDOW_MS;
    if (isNewWindow && (isNews || repetition.type === "limited")) {
      known.sinceMs = nowMs;
      known.saidInWindow = 0;
      return say(known, state);
    }
    if (isNews && known.saidInWindow < SAID_PER_WINDOW_MAX) return say(known, state);
    if (repetition.type !== "recovered") known.repeats++;
    known.state = state;
    return { type: "hold" };
  }

  #begin(subject: string, state: string, nowMs: number): GuardDecision {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= SUBJECTS_MAX) this.#entries.delete(oldest);
    this.#entries.set(subject, { state, sinceMs: nowMs, saidInWindow: 1, repeats: 0 });
    return { type: "say", repeats: 0 };
  }
}

function say(entry: Entry, state: string): GuardDecision {
  const { repeats } = entry;
  entry.state = state;
  entry.saidInWindow++;
  entry.repeats = 0;
  return { type: "say", repeats };
}
