import type { Surroundings } from "./surroundings.ts";

/** One option of a command; `value` names what follows it, if something does. */
export type CommandOption = {
  readonly name: `--${string}`;
  readonly value?: { readonly name: string; readonly byDefault: string; readonly wanted: RegExp };
  readonly help: string;
};

/** A row per command: the source of parsing, of `lifeline --help` and of docs/configuration.md. */
type Command = {
  readonly summary: string;
  /** Sentences for people, in Markdown that reads well as plain text too. */
  readonly help: string;
  readonly options: readonly CommandOption[];
};

export type CommandName = "check" | "dead-letters" | "rbac";

/** What was said behind the command's name; a flag that was given has the value `""`, options with a value have one always. */
export type CommandOptions = ReadonlyMap<string, string>;

/** A command's code: does it all, and answers with the exit code. Loaded only when it is run. */
export type RunCommand = (options: CommandOptions, surroundings: Surroundings) => Promise<number>;

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  check: {
    summary: "try everything that the configuration needs, and say what would help",
    help:
      "Reads the configuration as the daemon does and says all that is wrong with it; asks the API server what it serves, what of it is watched, " +
      "what built-in exclusions hide and whether that may be listed and watched; sends an empty request to the collector for each signal; " +
      "and looks whether the state directory can be written. It changes nothing anywhere.",
    options: [
      {
        name: "--state",
        help:
          "Check the state file instead: its integrity, format and cluster, how many objects it holds and what waits for the collector. " +
          "Asks the daemon at `LIFELINE_HTTP_ADDRESS`, which has the file for itself, and stands still while it reads all of it; if none runs, opens the file, to read only.",
      },
    ],
  },
  "dead-letters": {
    summary: "print the log records that the collector refused for good",
    help:
      "A record that the collector refuses by itself, as invalid or too large, is set aside, so that the others go on: the last 1000 of them, at most 16 MiB. " +
      "Prints when each was refused and why, and what it said, oldest first. " +
      "Asks the daemon at `LIFELINE_HTTP_ADDRESS`, which has the state file for itself; if none runs, opens the file in `LIFELINE_STATE_DIR`, to read only.",
    options: [
      {
        name: "--json",
        help: "Print a JSON object per line, with all attributes, and in `request` the OTLP request as it was refused, in base64.",
      },
    ],
  },
  rbac: {
    summary: "print the smallest roles for the configuration, as YAML for kubectl",
    help:
      "Asks the API server which kinds the configuration selects and prints a rule for each of their groups, with what else the program asks for, and the bindings. " +
      "Namespaces that are named get a Role each, everything else a ClusterRole. No rule has a wildcard, and Secrets are in none unless they are named. " +
      "Kinds that are installed later need another run.",
    options: [
      {
        name: "--name",
        value: {
          name: "NAME",
          byDefault: "kube-lifeline",
          wanted: /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/,
        },
        help: "Name of the roles and their bindings.",
      },
      {
        name: "--service-account",
        value: {
          name: "NAMESPACE/NAME",
          byDefault: "kube-lifeline/kube-lifeline",
          wanted: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
        },
        help: "Who gets the rights.",
      },
    ],
  },
};

/** The rest of the contract: refused with a word of their own. */
export const COMMANDS_OF_LATER_VERSIONS: readonly string[] = ["explain"];
