import { tmpdir } from "node:os";
import { systemClock } from "../../util/clock.ts";
import { DEMO_HELP, parseDemoArguments } from "./demo-arguments.ts";
import { runDemo } from "./run-demo.ts";

const WRONG_ARGUMENTS = 2;

process.exitCode = await main(process.argv.slice(2));

/** `npm run demo`: the demo's own composition root. */
async function main(args: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process;
  const asked = parseDemoArguments(args);
  if (asked.type === "help") {
    stdout.write(DEMO_HELP);
    return 0;
  }
  if (asked.type === "wrong") {
    stderr.write(`${asked.problem}\n\n${DEMO_HELP}`);
    return WRONG_ARGUMENTS;
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());
  // Nobody reads any more, as with `| head`.
  stdout.on("error", () => stop.abort());
  const color = stdout.isTTY && (env["NO_COLOR"] ?? "") === "";
  // A terminal that was never told its size says 0.
  const hasWidth = stdout.isTTY && stdout.columns > 0;
  return runDemo({
    ...asked,
    clock: systemClock,
    environment: env,
    temporaryDirectory: tmpdir(),
    write: (line) => void stdout.write(`${line}\n`),
    lines: hasWidth ? { color, width: stdout.columns } : { color },
    signal: stop.signal,
  });
}
