import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

const STARTER = `
  import { startProcess } from "${new URL("supervised-process.ts", import.meta.url).href}";
  import { createTemporaryDirectory } from "${new URL("temporary-directory.ts", import.meta.url).href}";
  const child = await startProcess("sleep", ["600"]);
  const directory = await createTemporaryDirectory("orphan");
  console.log(child.pid, directory.path);
`;

test("processes and directories go when the process that started them is killed", async () => {
  const starter = spawn(process.execPath, ["--input-type=module", "-e", STARTER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line]: unknown[] = await Promise.race([
    once(starter.stdout, "data"),
    once(starter, "exit"),
  ]);
  const [pid = "", directory = ""] = String(line).trim().split(" ");
  expect(process.kill(Number(pid), 0)).toBe(true);

  starter.kill("SIGKILL");

  await eventually(() => expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH"));
  await eventually(async () => await expect(access(directory)).rejects.toThrow("ENOENT"));
});
