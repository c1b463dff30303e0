import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderTerminalPicture } from "./terminal-picture.ts";

const HELP = `node docs/render-terminal.ts --title TEXT --out FILE.svg [--lines FIRST-LAST]… < OUTPUT

Draws real output of a terminal as an SVG. The picture of the README was made by

  script -qfec 'stty cols 118; npm run --silent demo' /dev/null > /tmp/demo.ansi
  node docs/render-terminal.ts --title 'npm run demo' --out docs/demo.svg \\
    --lines 1-2 --lines 33-49 --lines 62-70 --lines 132-149 < /tmp/demo.ansi

  --lines FIRST-LAST   only these lines, counted from 1; what is left out between two of them shows as "…"
`;

const { values } = parseArgs({
  options: {
    title: { type: "string", default: "" },
    out: { type: "string" },
    lines: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});
if (values.help || values.out === undefined) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const all = readFileSync(0, "utf8").trimEnd().split("\n");
  const parts = (values.lines ?? [`1-${all.length}`]).map((range) => {
    const [first = 1, last = all.length] = range.split("-").map(Number);
    return all.slice(first - 1, last).join("\n");
  });
  writeFileSync(
    values.out,
    renderTerminalPicture(parts.join("\n\u001B[2m…\u001B[0m\n"), values.title),
  );
}
