import { parseArgs } from "node:util";
import { toError } from "../src/util/to-error.ts";
import { wholeNumber } from "../src/testing/whole-number.ts";

export type BenchOptions = {
  readonly objects: number;
  readonly updates: number;
  /** How many objects the second run syncs; 0: there is no second run. */
  readonly large: number;
  /** How long changes come one by one, so that each one's delay can be told; 0: no such phase. */
  readonly pacedSeconds: number;
  /** The watch engine alone, beside others', in place of the whole program. */
  readonly engine: boolean;
  /** How often the engine's watch is ended; 0: not at all. */
  readonly reconnects: number;
  readonly logSeverity: "DEBUG" | "INFO";
  /** How often the updates with traces and those without take turns; 0: they are not compared. */
  readonly traceTurns: number;
  /** False: `OTEL_TRACES_EXPORTER=none` in all runs but those that are compared. */
  readonly traces: boolean;
  readonly seed: number;
  readonly cpuProfile: boolean;
  readonly strict: boolean;
  readonly writeDocs: boolean;
  readonly peers: boolean;
  readonly buildPeers: boolean;
};

/** What the command line asks for; `problem` is one sentence for people. */
type BenchArguments =
  | { readonly type: "run"; readonly options: BenchOptions }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string };

export const BENCH_HELP = `npm run bench [-- OPTIONS]

Replays a watch stream over HTTP into the built program (dist/main.js, made by "npm run build"), takes what it sends in an
OTLP/HTTP sink, decodes all of it, and prints what it cost. Linux only: it reads /proc.

  --objects N          objects that are updated, 20 to 100000 (default 10000)
  --updates N          watch events, 20 to 1000000 (default 200000); 20 % change the spec, 25 % a condition,
                       10 % the phase, 35 % numbers in the status, 10 % are ticks
  --large N            objects of the run without updates, 0 to 100000 (default 100000; 0: no such run)
  --paced-seconds N    how long 200 changes a second are sent to measure delays, 0 to 60 (default 15; 0: not at all)
  --engine             only the watch engine, from bytes to events, beside client-node's and a bare Node; needs no build
  --reconnects N       with --engine: how often a watch is ended, 0 to 10000 (default 1000; 0: not at all)
  --log-severity NAME  LIFELINE_LOG_SEVERITY: DEBUG or INFO (default DEBUG: everything is sent)
  --trace-turns N      15000 updates with traces and as many with OTEL_TRACES_EXPORTER=none take so many turns, to tell what
                       traces cost, 0 to 20 (default 4; 0: not at all)
  --no-traces          OTEL_TRACES_EXPORTER=none in all other runs, such as with --cpu-prof
  --seed N             another order of the same mix (default 1)
  --cpu-prof           only the updates, with a CPU profile: leaves it in bench/ and prints where the time went
  --no-peers           do not run kube-state-metrics on the same stream, even if it is there
  --build-peers        build kube-state-metrics with Go into the cache first (about 2 minutes, once)
  --write-docs         write the tables to docs/performance.md
  --strict             a missed bar fails, too
  --help               this text

kube-state-metrics is looked for at KUBE_STATE_METRICS, a path, and in ~/.cache/kube-lifeline/testbed.

Exit codes: 0 what arrived is exactly what the stream means; 1 it is not, or with --strict a bar was missed, or nothing could
be measured; 2 wrong options. A missed bar alone is only printed: figures of a busy machine say little.
`;

/** Parses what stands after the script's name. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        objects: { type: "string", default: WHOLE.objects },
        updates: { type: "string", default: WHOLE.updates },
        large: { type: "string", default: WHOLE.large },
        "paced-seconds": { type: "string", default: "15" },
        engine: { type: "boolean", default: false },
        reconnects: { type: "string", default: WHOLE.reconnects },
        "log-severity": { type: "string", default: "DEBUG" },
        "trace-turns": { type: "string", default: WHOLE["trace-turns"] },
        "no-traces": { type: "boolean", default: false },
        seed: { type: "string", default: "1" },
        "cpu-prof": { type: "boolean", default: false },
        "no-peers": { type: "boolean", default: false },
        "build-peers": { type: "boolean", default: false },
        "write-docs": { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { type: "help" };
    if (values["no-peers"] && values["build-peers"])
      throw new Error("Cannot take --no-peers and --build-peers together: choose one");
    if (values["write-docs"] && (values["cpu-prof"] || isSmaller(values)))
      throw new Error(
        "Cannot take --write-docs: the page is about the whole input, without a profile",
      );
    return {
      type: "run",
      options: {
        objects: wholeNumber("--objects", values.objects, [20, 100_000]),
        updates: wholeNumber("--updates", values.updates, [20, 1_000_000]),
        large: wholeNumber("--large", values.large, [0, 100_000]),
        pacedSeconds: wholeNumber("--paced-seconds", values["paced-seconds"], [0, 60]),
        engine: values.engine,
        reconnects: wholeNumber("--reconnects", values.reconnects, [0, 10_000]),
        logSeverity: severity(values["log-severity"]),
        traceTurns: wholeNumber("--trace-turns", values["trace-turns"], [0, 20]),
        traces: !values["no-traces"],
        seed: wholeNumber("--seed", values.seed, [0, 2 ** 32 - 1]),
        cpuProfile: values["cpu-prof"],
        strict: values.strict,
        writeDocs: values["write-docs"],
        peers: !values["no-peers"],
        buildPeers: values["build-peers"],
      },
    };
  } catch (error) {
    return { type: "wrong", problem: toError(error).message };
  }
}

const WHOLE = {
  objects: "10000",
  updates: "200000",
  large: "100000",
  reconnects: "1000",
  "trace-turns": "4",
};

function isSmaller(values: typeof WHOLE): boolean {
  const { objects, updates, large, reconnects, "trace-turns": traceTurns } = values;
  return (
    objects !== WHOLE.objects ||
    updates !== WHOLE.updates ||
    large !== WHOLE.large ||
    reconnects !== WHOLE.reconnects ||
    traceTurns !== WHOLE["trace-turns"]
  );
}

function severity(text: string): "DEBUG" | "INFO" {
  if (text === "DEBUG" || text === "INFO") return text;
  throw new Error(`Cannot take --log-severity "${text}": wanted DEBUG or INFO`);
}
