import { parseArgs } from "node:util";
import { wholeNumber } from "../../src/testing/whole-number.ts";
import { toError } from "../../src/util/to-error.ts";
import type { SoakOptions } from "./run-soak.ts";

/** What the command line asks for; `problem` is one sentence for people. */
type SoakArguments =
  | { readonly type: "run"; readonly options: SoakOptions }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string };

export const SOAK_HELP = `npm run soak [-- OPTIONS]

Kills kube-lifeline again and again while objects change on a real API server and a real collector fails, then compares
all that the collector wrote with what an independent watch saw. Needs the servers that the tests on real servers need.

  --seconds N   go on for so long, 0 to 604800 (default 600; at least one round of about a minute)
  --kills N     go on for so many kills, 1 to 1000000 (default 50)
  --seed N      the writes, faults and kill points (default: another one each time, printed at the beginning)
  --help        this text

Each round kills three programs while everything changes, then restarts the API server, whose watches begin anew there.

Exit codes: 0 the collector has exactly what happened; 1 it has not, or it could not be run; 2 wrong options.
`;

const SEED_MAX = 2 ** 32 - 1;

/** Parses what stands after the script's name; the seed is `entropy` where none is given. */
export function parseSoakArguments(args: readonly string[], entropy: number): SoakArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string", default: "600" },
        kills: { type: "string", default: "50" },
        seed: { type: "string", default: String(entropy % SEED_MAX) },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { type: "help" };
    return {
      type: "run",
      options: {
        seconds: wholeNumber("--seconds", values.seconds, [0, 604_800]),
        kills: wholeNumber("--kills", values.kills, [1, 1_000_000]),
        seed: wholeNumber("--seed", values.seed, [0, SEED_MAX]),
      },
    };
  } catch (error) {
    return { type: "wrong", problem: toError(error).message };
  }
}
