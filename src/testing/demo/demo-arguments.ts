import { parseArgs } from "node:util";
import { toError } from "../../util/to-error.ts";
import { wholeNumber } from "../whole-number.ts";

/** What the command line asks for; `problem` is one sentence for people. */
export type DemoArguments =
  | { readonly type: "play"; readonly seconds: number; readonly seed: number }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string };

export const DEMO_HELP = `npm run demo [-- OPTIONS]

Plays an operator's day against a simulated Kubernetes API server, lets the real kube-lifeline watch it, and prints what
it sends to an embedded OTLP receiver. Needs no cluster and no collector; ends by itself.

  --seconds N   how long the day takes, 5 to 3600 (default 30)
  --seed N      another cast and another timing, 0 to 4294967295 (default 1)
  --help        this text
`;

/** In less, what takes its second (gauges, what is stuck) comes too late for its part of the day. */
const SECONDS_MIN = 5;
const SECONDS_MAX = 3600;
const SEED_MAX = 2 ** 32 - 1;

/** Parses what stands after the script's name. */
export function parseDemoArguments(args: readonly string[]): DemoArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", default: false },
        seconds: { type: "string", default: "30" },
        seed: { type: "string", default: "1" },
      },
    });
    if (values.help) return { type: "help" };
    const seconds = wholeNumber("--seconds", values.seconds, [SECONDS_MIN, SECONDS_MAX]);
    return { type: "play", seconds, seed: wholeNumber("--seed", values.seed, [0, SEED_MAX]) };
  } catch (error) {
    return { type: "wrong", problem: toError(error).message };
  }
}
