import { nearestName } from "../../util/nearest-name.ts";
import {
  type CommandName,
  type CommandOption,
  type CommandOptions,
  COMMANDS,
  COMMANDS_OF_LATER_VERSIONS,
} from "./command-table.ts";

/** What a command line asks for. `wrong` says why for people, in a line. */
export type CommandLine =
  | { readonly type: "version" }
  /** Of the program, or of one command. */
  | { readonly type: "help"; readonly command?: CommandName }
  | { readonly type: "command"; readonly command: CommandName; readonly options: CommandOptions }
  | { readonly type: "wrong"; readonly message: string };

const HELP_OPTIONS: ReadonlySet<string> = new Set(["--help", "-h"]);

/** Reads the arguments; there is at least one, as none runs the daemon. Options are `--name value` or `--name=value`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const [first = "", ...rest] = args;
  if (HELP_OPTIONS.has(first)) return { type: "help" };
  if (first === "--version") return { type: "version" };
  if (isCommandName(first)) return parseOptions(first, rest);
  if (COMMANDS_OF_LATER_VERSIONS.includes(first))
    return cannotRun(args, `"${first}" is not in this version yet`);
  const isOption = first.startsWith("-");
  const known = isOption ? ["--help", "--version"] : Object.keys(COMMANDS);
  return cannotRun(
    args,
    `no such ${isOption ? "option" : "command"}${didYouMean(first, known)}`,
    `\`lifeline --help\` lists all commands, and no argument runs the daemon`,
  );
}

function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text);
}

function parseOptions(command: CommandName, args: readonly string[]): CommandLine {
  if (args.some((arg) => HELP_OPTIONS.has(arg))) return { type: "help", command };
  const known: readonly CommandOption[] = COMMANDS[command].options;
  const options = new Map(
    known.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value.byDefault]])),
  );
  const wrong = (why: string): CommandLine =>
    cannotRun([command, ...args], why, `see \`lifeline ${command} --help\``);
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const { name, given } = splitOption(arg);
    const option = known.find((candidate) => candidate.name === name);
    if (option === undefined)
      return wrong(
        `"${name}" is no option of it${didYouMean(name, [...namesOf(known), "--help"])}`,
      );
    const problem = takeValue(option, given ?? (option.value && left.shift()), options);
    if (problem !== undefined) return wrong(problem);
  }
  return { type: "command", command, options };
}

/** Puts one option's value among the others', or says why it can't be. */
function takeValue(
  { name, value }: CommandOption,
  given: string | undefined,
  options: Map<string, string>,
): string | undefined {
  if (value === undefined) {
    options.set(name, "");
    return given === undefined ? undefined : `${name} takes no value`;
  }
  if (given === undefined) return `${name} needs a value: ${value.name}`;
  if (!value.wanted.test(given))
    return `${name} is ${JSON.stringify(given)}, wanted: ${value.name}, such as ${value.byDefault}`;
  options.set(name, given);
  return undefined;
}

function splitOption(arg: string): { readonly name: string; readonly given: string | undefined } {
  const at = arg.indexOf("=");
  return at === -1
    ? { name: arg, given: undefined }
    : { name: arg.slice(0, at), given: arg.slice(at + 1) };
}

function namesOf(options: readonly CommandOption[]): readonly string[] {
  return options.map(({ name }) => name);
}

function didYouMean(text: string, known: readonly string[]): string {
  // Without the dashes, which would make any two options look alike.
  const bare = known.map((name) => name.replace(/^-+/, ""));
  const nearest = nearestName(text.replace(/^-+/, ""), bare);
  return nearest === undefined ? "" : `; did you mean "${known[bare.indexOf(nearest)]}"?`;
}

function cannotRun(args: readonly string[], why: string, advice = ""): CommandLine {
  const tail = advice === "" ? "" : ` (${advice})`;
  return { type: "wrong", message: `Cannot run "lifeline ${args.join(" ")}": ${why}${tail}` };
}
