import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { renderTerminalPicture } from "./terminal-picture.ts";

const HELP = `node docs/render-terminal.ts --title TEXT --out FILE.svg [--part FIRST..LAST]… < OUTPUT

Draws real output of a terminal as an SVG. The picture of the README was made by

  script -qfec 'stty cols 118; npm run --silent demo' /dev/null > /tmp/demo.ansi
  node docs/render-terminal.ts --title 'npm run demo' --out docs/demo.svg \\
    --part 'An operator..Simulated API server' --part '· a node goes down..changed spec.version' \\
    --part 'is stuck' --part '· sessions-db is deleted..was created' --part 'Gauges of..Passwords that stood' \\
    < /tmp/demo.ansi

  --part FIRST..LAST   only from the next line that contains FIRST to the next one that contains LAST, or the one line
                       that contains FIRST; in the order of the output. What is left out in between shows as "…"
`;

const { values } = parseArgs({
  options: {
    title: { type: "string", default: "" },
    out: { type: "string" },
    part: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});
if (values.help || values.out === undefined) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const all = readFileSync(0, "utf8").trimEnd().split("\n");
  const parts = values.part === undefined ? [all] : choose(all, values.part);
  const text = parts.map((lines) => lines.join("\n")).join("\n\u001B[2m…\u001B[0m\n");
  writeFileSync(values.out, renderTerminalPicture(text, values.title));
}

function choose(
  lines: readonly string[],
  parts: readonly string[],
): readonly (readonly string[])[] {
  const plain = lines.map((line) => stripVTControlCharacters(line));
  let next = 0;
  const find = (text: string): number => {
    const at = plain.findIndex((line, index) => index >= next && line.includes(text));
    if (at < 0) throw new Error(`Cannot find "${text}" in line ${next + 1} or below of the output`);
    return at;
  };
  return parts.map((part) => {
    const [first = "", last = first] = part.split("..");
    const from = find(first);
    next = from;
    next = find(last) + 1;
    return lines.slice(from, next);
  });
}
