import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findBundle } from "./bundle.ts";

/** A project of files with the given modification times (seconds). */
function project(files: Readonly<Record<string, number>>, content = ""): string {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-bundle-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "src"));
  for (const [file, seconds] of Object.entries(files)) {
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, seconds, seconds);
  }
  return directory;
}

test("findBundle() says what to run when there is no bundle", () => {
  const bundle = findBundle(project({ "src/main.ts": 1 }));

  expect(bundle).toEqual({
    type: "unfit",
    problem: 'Cannot bench "dist/main.js": it is not there; run "npm run build" first',
  });
});

test.for(["src/store/rows.ts", "package-lock.json", "rolldown.config.ts"])(
  "findBundle() refuses a bundle that is older than %s, and names it",
  (file) => {
    const bundle = findBundle(project({ "dist/main.js": 5, "src/main.ts": 1, [file]: 6 }));

    expect(bundle).toEqual({
      type: "unfit",
      problem: `Cannot bench "dist/main.js": it is older than "${file}"; run "npm run build" first`,
    });
  },
);

test("findBundle() does not mind newer tests and fakes, and starts it with the flags of its first line", () => {
  const directory = project(
    { "dist/main.js": 5, "src/main.ts": 1, "src/main.test.ts": 6, "src/testing/fake.ts": 6 },
    "#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=16 --expose-gc\nimport {} from 'x'; // node --no\n",
  );

  const bundle = findBundle(directory);

  expect(bundle).toEqual({
    type: "ready",
    path: join(directory, "dist/main.js"),
    nodeFlags: ["--max-semi-space-size=16", "--expose-gc"],
    env: { MALLOC_ARENA_MAX: "1" },
  });
});
