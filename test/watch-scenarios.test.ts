import { glob, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url).pathname;
const PLAN = new URL("../docs/watch-scenarios.md", import.meta.url);

/** Scenarios that no test of these suites can carry, and why. */
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  D06: "memory is a figure: `npm run bench` measures the peak while 100,000 objects are looked at",
  I05: "memory and CPU are figures: `npm run bench` measures both and holds them to bars",
};

/** An id opens a line of a section, or follows a semicolon: `B01 slug; B02 slug`. */
const SCENARIO = /(?:^|; )([A-I]\d{2}) /g;

/** A title begins with one id and its slug, or with several: `A10 list-then-watch, B01 order: …`. */
const TITLE = /["'`]((?:[A-I]\d{2} [^,:"'`]+(?:, |:|["'`]))+)/g;

async function readScenarios(): Promise<readonly string[]> {
  const text = await readFile(PLAN, "utf8");
  const sections = text.slice(text.indexOf("### A."));
  return sections
    .split("\n")
    .flatMap((line) => [...line.matchAll(SCENARIO)].map(([, id]) => `${id}`));
}

async function readTitles(): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const path of glob("{src,test}/**/*.test.ts", { cwd: ROOT })) {
    if (path.endsWith("watch-scenarios.test.ts")) continue;
    const text = await readFile(`${ROOT}${path}`, "utf8");
    for (const [, title = ""] of text.matchAll(TITLE)) {
      for (const [id] of title.matchAll(/\b[A-I]\d{2}\b/g)) ids.add(id);
    }
  }
  return ids;
}

test("the plan of the watch engine names each scenario once", async () => {
  const scenarios = await readScenarios();

  expect(scenarios.length).toBeGreaterThan(100);
  expect(new Set(scenarios).size).toBe(scenarios.length);
});

test("every scenario of the plan has a test whose title begins with its id, or a reason why not", async () => {
  const titles = await readTitles();

  const missing = (await readScenarios()).filter(
    (id) => !titles.has(id) && !Object.hasOwn(NOT_APPLICABLE, id),
  );

  expect(missing).toEqual([]);
});

test("a scenario that has a test needs no reason why not", async () => {
  const titles = await readTitles();

  expect(Object.keys(NOT_APPLICABLE).filter((id) => titles.has(id))).toEqual([]);
});
