import { parseArgs } from "node:util";
import { toError } from "../src/util/to-error.ts";
import { wholeNumber } from "../src/testing/whole-number.ts";

export type BenchOptions = {
  readonly objects: number;
  readonly updates: number;
  readonly logSeverity: "DEBUG" | "INFO";
  readonly seed: number;
  /** Runs dist/main.js in place of src/main.ts. */
  readonly built: boolean;
  readonly cpuProfile: boolean;
};

/** What the command line asks for; `problem` is one sentence for people. */
type BenchArguments =
  | { readonly type: "run"; readonly options: BenchOptions }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string };

export const BENCH_HELP = `npm run bench [-- OPTIONS]

Replays a watch stream over HTTP into the real kube-lifeline, takes what it sends in an OTLP/HTTP sink, and prints what
it cost. Fails if what arrived is not exactly what the stream means. Linux only: it reads /proc.

  --objects N          objects that are there at the start, 20 to 100000 (default 2000)
  --updates N          watch events, 20 to 1000000 (default 40000); 20 % change the spec, 25 % a condition,
                       10 % the phase, 35 % numbers in the status, 10 % are ticks
  --log-severity NAME  LIFELINE_LOG_SEVERITY: DEBUG or INFO (default DEBUG: everything is sent)
  --seed N             another order of the same mix (default 1)
  --built              run dist/main.js (made by "npm run build") in place of src/main.ts
  --cpu-prof           leave a CPU profile in bench/ and print where the time went
  --help               this text
`;

/** Parses what stands after the script's name. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        objects: { type: "string", default: "2000" },
        updates: { type: "string", default: "40000" },
        "log-severity": { type: "string", default: "DEBUG" },
        seed: { type: "string", default: "1" },
        built: { type: "boolean", default: false },
        "cpu-prof": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { type: "help" };
    return {
      type: "run",
      options: {
        objects: wholeNumber("--objects", values.objects, [20, 100_000]),
        updates: wholeNumber("--updates", values.updates, [20, 1_000_000]),
        logSeverity: severity(values["log-severity"]),
        seed: wholeNumber("--seed", values.seed, [0, 2 ** 32 - 1]),
        built: values.built,
        cpuProfile: values["cpu-prof"],
      },
    };
  } catch (error) {
    return { type: "wrong", problem: toError(error).message };
  }
}

function severity(text: string): "DEBUG" | "INFO" {
  if (text === "DEBUG" || text === "INFO") return text;
  throw new Error(`Cannot take --log-severity "${text}": wanted DEBUG or INFO`);
}
