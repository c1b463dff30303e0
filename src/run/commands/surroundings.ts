import type { Clock } from "../../util/clock.ts";

/** What a command knows of the process that runs it; nothing else is read from there. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home directory. */
  readonly home: string;
  /** Where the daemon would make a private state directory. */
  readonly temporaryDirectory: string;
  readonly clock: Clock;
  readonly stdout: {
    readonly isTerminal: boolean;
    readonly color: boolean;
    readonly write: (text: string) => void;
  };
  readonly stderr: { readonly write: (text: string) => void };
};
