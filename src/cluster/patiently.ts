import type { Clock } from "../util/clock.ts";
import { type Backoff, nextBackoff } from "./backoff.ts";

export type PatienceOptions = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
};

/** Tries, with the backoff of a reflector in between, until there is an answer; `undefined` once the signal aborts. */
export async function patiently<Answer>(
  attempt: () => Promise<Answer | undefined>,
  { clock, random, signal }: PatienceOptions,
): Promise<Answer | undefined> {
  let backoff: Backoff | undefined;
  while (!signal.aborted) {
    const answer = await attempt();
    if (signal.aborted) break;
    if (answer !== undefined) return answer;
    const next = nextBackoff(backoff, clock.now(), { random: random() });
    ({ backoff } = next);
    await clock.sleep(next.delayMs, signal);
  }
  return undefined;
}
