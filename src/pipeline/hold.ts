import { isDamage, isOfStateFile } from "../store/sqlite-error.ts";
import type { Clock } from "../util/clock.ts";
import { toError } from "../util/to-error.ts";
import type { PipelineReport } from "./report.ts";

/** Why the state file can't be used. */
export type StateFailure = { readonly doing: "read" | "write"; readonly error: Error };

export type HoldOptions = {
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/**
 * Whether the state file can be used, and who waits until it can.
 *
 * ```
 *   well ── a commit or a read fails: said once ──▶ held ── all that failed succeeds: said ──▶ well
 *                                                    └── damaged: the process ends in order
 * ```
 */
export class Hold {
  readonly #options: HoldOptions;
  #sinceMs: number | undefined;
  #failure: StateFailure | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Undefined while all is well. */
  get failure(): StateFailure | undefined {
    return this.#failure;
  }

  /** What no waiting mends. */
  get damage(): Error | undefined {
    const { error } = this.#failure ?? {};
    if (error === undefined || !isDamage(error)) return undefined;
    return new Error(
      `The state file is damaged: ${error.message}; it is set aside, and a new one begun, when the program starts again`,
      { cause: error },
    );
  }

  /** `changes`: how many wait in memory. */
  begin(failure: StateFailure, changes: number): void {
    const { clock, report } = this.#options;
    const { doing, error } = failure;
    if (this.#sinceMs === undefined)
      report(
        doing === "write"
          ? { type: "commit-failed", error, changes }
          : { type: "state-unreadable", error },
      );
    this.#sinceMs ??= clock.now();
    this.#failure = failure;
  }

  end(): void {
    if (this.#sinceMs === undefined) return;
    const { clock, report } = this.#options;
    report({ type: "commit-recovered", heldMs: clock.now() - this.#sinceMs });
    this.#sinceMs = undefined;
    this.#failure = undefined;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves when all is well, or the signal aborts. */
  async over(signal: AbortSignal): Promise<void> {
    if (this.#sinceMs === undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener("abort", settle);
        resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener("abort", settle);
    });
  }
}

/** For who passes over what no sense can be made of: that the state file could not be read is thrown on. */
export function rethrowOfStateFile(thrown: unknown): void {
  if (isOfStateFile(thrown)) throw toError(thrown);
}
