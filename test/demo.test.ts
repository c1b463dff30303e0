import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const DEMO = fileURLToPath(new URL("../src/testing/demo/main.ts", import.meta.url));

test("the demo tells an operator's day through the real program and ends by itself", async () => {
  const { stdout } = await run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", DEMO, "--seconds", "12", "--seed", "7"],
    { timeout: 150_000 },
  );

  for (const told of ["created", "updated", "condition", "phase", "health", "deleted", "synced"])
    expect(stdout).toContain(told);
  const [hot = [], stuck = []] = ["hot", "stuck"].map((action) => linesOf(stdout, action));
  expect(hot).toEqual([expect.stringMatching(/autoscaler/)]);
  expect(stuck).toContainEqual(expect.stringMatching(/-weekly.*WaitingForVolume/));
  // Piped output is plain text: no escape sequences.
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toMatch(/Series: \d+ live, [1-9]\d* ended by a marker/);
  expect(stdout).toMatch(/\ntrace \w+ \S+ converge generation \d+ → current.*\n\w+ converge +│━+│/);
  expect(stdout).toMatch(/that arrived: 0\b/);
});

function linesOf(stdout: string, action: string): readonly string[] {
  return stdout.split("\n").filter((line) => line.split(/ +/).includes(action));
}

test("Ctrl-C ends the demo in the middle of its day, in order", async () => {
  const demo = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", DEMO]);
  let told = "";
  demo.stdout.setEncoding("utf8");
  demo.stdout.on("data", (text: string) => {
    // The first record has arrived: everything runs.
    if (!told.includes("created") && (told += text).includes("created")) demo.kill("SIGINT");
  });

  const [code] = await once(demo, "exit");

  expect(code).toBe(0);
});
