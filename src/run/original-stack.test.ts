import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { originalStack } from "./original-stack.ts";

/** Line 2 of the bundle, from its first column, is line 41, column 7 of src/run/daemon.ts. */
const MAP = {
  version: 3,
  sources: ["../src/run/daemon.ts"],
  names: [],
  mappings: ";AAwCM",
};

function createProgram(map: string | undefined): string {
  const directory = mkdtempSync(join(tmpdir(), "kube-lifeline-stack-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "dist"));
  const program = join(directory, "dist", "main.js");
  if (map !== undefined) writeFileSync(`${program}.map`, map);
  return pathToFileURL(program).href;
}

test("originalStack names the places in the sources, and leaves what is not of the bundle", () => {
  const program = createProgram(JSON.stringify(MAP));
  const stack = `Error: no\n    at runDaemon (${program}:2:1)\n    at ${program}:2:1\n    at node:internal/x:1:2\n    at file:///else.js:2:1`;

  const original = originalStack(stack, program);

  expect(original).toBe(
    "Error: no\n    at runDaemon (src/run/daemon.ts:41:7)\n    at src/run/daemon.ts:41:7\n    at node:internal/x:1:2\n    at file:///else.js:2:1",
  );
});

test.for([undefined, "no JSON", "{}"])(
  "originalStack returns the trace as it is with %s for a map",
  (map) => {
    const program = createProgram(map);
    const stack = `Error: no\n    at ${program}:2:1`;

    const original = originalStack(stack, program);

    expect(original).toBe(stack);
  },
);
