/** One instruction: its name in capitals, its `--flags`, and the rest, continued lines joined. */
export type Instruction = {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
};

/** What stands between one FROM and the next, with the FROM's own words. */
export type Stage = {
  readonly image: string;
  readonly name: string | undefined;
  readonly flags: Readonly<Record<string, string>>;
  readonly instructions: readonly Instruction[];
};

export type Dockerfile = {
  /** The ARGs before the first FROM. */
  readonly globalArguments: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
};

/** Reads the part of the language that our Dockerfile is written in: no heredocs, no escape directive. */
export function parseDockerfile(source: string): Dockerfile {
  const instructions = parseInstructions(source);
  const first = instructions.findIndex(({ name }) => name === "FROM");
  const head = instructions.slice(0, first);
  if (first === -1 || head.some(({ name }) => name !== "ARG"))
    throw new Error("Cannot read the Dockerfile: only ARG may stand before FROM");
  const globalArguments = argumentsOf(head);
  const stages: Stage[] = [];
  for (const { name, flags, text } of instructions.slice(first)) {
    if (name === "FROM") {
      const [image = "", , alias] = text.split(/\s+/);
      stages.push({
        image: substitute(image, globalArguments),
        name: alias,
        flags,
        instructions: [],
      });
      continue;
    }
    const stage = stages.pop();
    if (stage === undefined) throw new Error(`Cannot read the Dockerfile: ${name} before FROM`);
    stages.push({ ...stage, instructions: [...stage.instructions, { name, flags, text }] });
  }
  return { globalArguments, stages };
}

/** What the ARG instructions among these declare, with their defaults. */
export function argumentsOf(
  instructions: readonly Instruction[],
): Readonly<Record<string, string>> {
  return Object.assign(
    {},
    ...instructions.filter(({ name }) => name === "ARG").map(({ text }) => parsePairs(text)),
  );
}

/** `KEY=value KEY="value"`: of LABEL, ENV and ARG. */
export function parsePairs(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/(?<key>[\w.-]+)(?:=(?:"(?<quoted>[^"]*)"|(?<bare>\S*)))?/g);
  return Object.fromEntries(
    [...pairs].map(({ groups }) => [
      groups?.["key"] ?? "",
      groups?.["quoted"] ?? groups?.["bare"] ?? "",
    ]),
  );
}

/** Puts the values of `$NAME` and `${NAME}` in; what is not known stays. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$(?:\{(?<braced>\w+)\}|(?<bare>\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) =>
      values[braced ?? bare ?? ""] ?? whole,
  );
}

function parseInstructions(source: string): readonly Instruction[] {
  const lines = source.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join("\n").replaceAll(/\\\n\s*/g, "");
  return joined.split("\n").map((line) => {
    const match = /^(?<name>[A-Z]+)\s+(?<flags>(?:--\S+\s+)*)(?<text>.*)$/.exec(line);
    if (match?.groups === undefined) throw new Error(`Cannot read the Dockerfile: ${line}`);
    const { name = "", flags = "", text = "" } = match.groups;
    const parsed = [...flags.matchAll(/--(?<flag>[\w-]+)=(?<value>\S+)/g)].map(({ groups }) => [
      groups?.["flag"],
      groups?.["value"],
    ]);
    return { name, flags: Object.fromEntries(parsed), text: text.trim() };
  });
}
