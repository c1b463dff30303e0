import { readFileSync, writeFileSync } from "node:fs";
import { renderConfigurationPage } from "../src/run/configuration-page.ts";
import { renderSignalsPage } from "../src/run/signals-page.ts";

// Writes the pages of this folder that are made from the program's own tables; with --check it only compares them.
// A new page is one more row here.
const PAGES = [
  { file: "configuration.md", render: renderConfigurationPage },
  { file: "signals.md", render: renderSignalsPage },
];

const checkOnly = process.argv.includes("--check");
for (const page of PAGES) {
  const url = new URL(page.file, import.meta.url);
  const wanted = page.render();
  if (!checkOnly) {
    writeFileSync(url, wanted);
  } else if (readFileSync(url, "utf8") !== wanted) {
    process.stderr.write(
      `docs/${page.file} differs from the program's tables: run "node docs/generate.ts"\n`,
    );
    process.exitCode = 1;
  }
}
