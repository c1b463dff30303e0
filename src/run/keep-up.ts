import { type Backoff, nextBackoff } from "../cluster/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { formatDuration } from "../util/format-duration.ts";
import { toError } from "../util/to-error.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import type { DaemonEnd } from "./daemon.ts";
import { startHealthServer } from "./health-server.ts";
import type { HttpAddress } from "./http-address.ts";
import type { OwnLog } from "./own-log.ts";

/** How one run ended; `invalid`: it did not begin, as the environment is wrong, or (not `isLasting`) a file that it names. */
export type RunEnd =
  | DaemonEnd
  | {
      readonly type: "invalid";
      readonly problems: readonly ConfigurationProblem[];
      readonly isLasting: boolean;
    };

export type KeepUpOptions = {
  /** One whole run, which says on stderr what is invalid, and leaves it to us to say why it failed. */
  readonly run: (stop: AbortSignal) => Promise<RunEnd>;
  /** Where `/livez` and `/readyz` answer while nothing runs; `undefined`: it could not be read. */
  readonly httpAddress: HttpAddress | undefined;
  readonly ownLog: OwnLog;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
};

const SECOND_MS = 1_000;
/**
 * The longest pause, which `nextBackoff` stretches to two minutes. What needs people is in no hurry; what heals by itself
 * (a full disk, a predecessor that still has the state file) should not wait longer.
 */
const PAUSE_MAX_MS = 60_000;

/**
 * The daemon as a guest in another program's pod, where each end of ours would make the whole pod unready: resolves only
 * when asked to stop. A wrong environment can't change while the process lives, so that is waited out; whatever else
 * ends a run is tried again, as files, ports and servers may come.
 */
export async function keepUp(options: KeepUpOptions): Promise<void> {
  const { ownLog, clock, random, stop } = options;
  let backoff: Backoff | undefined;
  while (!stop.aborted) {
    // A signal of its own, so that what a run leaves on it goes with the run.
    const end = await endOf(options.run(AbortSignal.any([stop])));
    if (end.type === "stopped") return;
    const why = describeEnd(end);
    if (end.type === "invalid" && end.isLasting) {
      await idle(why, options);
      return;
    }
    const next = nextBackoff(backoff, clock.now(), { random: random(), capMs: PAUSE_MAX_MS });
    ({ backoff } = next);
    const wait = formatDuration(Math.ceil(next.delayMs / SECOND_MS) * SECOND_MS);
    ownLog.log("error", `${why}; tries again in ${wait}`);
    await pause(`Not running: ${why}`, options, next.delayMs);
  }
}

function describeEnd(end: Exclude<RunEnd, { readonly type: "stopped" }>): string {
  if (end.type !== "invalid") return end.error.message;
  const names = end.problems.map(({ variable }) => variable).join(", ");
  return `Cannot start: the configuration is wrong in ${names}`;
}

async function endOf(run: Promise<RunEnd>): Promise<RunEnd> {
  try {
    return await run;
  } catch (thrown) {
    return { type: "failed", error: toError(thrown) };
  }
}

async function idle(why: string, options: KeepUpOptions): Promise<void> {
  options.ownLog.log(
    "error",
    `${why}; nothing is watched, and the process stays for the sake of its pod: mend it and let the pod start anew`,
  );
  while (!options.stop.aborted) await pause(why, options, Number.MAX_SAFE_INTEGER);
}

/** Answers probes for a while, or until asked to stop. */
async function pause(
  why: string,
  { httpAddress, ownLog, clock, stop }: KeepUpOptions,
  delayMs: number,
): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  if (httpAddress !== undefined) {
    const health = await startHealthServer(httpAddress, {
      unready: () => [why],
      notes: () => [],
      state: () => undefined,
      deadLetters: () => undefined,
    });
    if (health.type === "listening") cleanup.use(health.server);
    else if (health.type === "failed") ownLog.log("error", health.error.message);
  }
  await clock.sleep(delayMs, stop);
}
