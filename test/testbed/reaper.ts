/**
 * A program of its own: outlives the process that started it and clears up behind it.
 *
 * It reads lines on stdin: `+process PID`, `-process PID`, `+directory PATH`, `-directory PATH`. When stdin ends, be it
 * by an orderly exit or by SIGKILL, it kills the process groups and removes the directories that are still noted.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const processes = new Set<number>();
const directories = new Set<string>();

for await (const line of createInterface({ input: process.stdin })) note(line);
for (const pid of processes) killGroup(pid);
for (const path of directories)
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });

function note(line: string): void {
  const space = line.indexOf(" ");
  const value = line.slice(space + 1);
  switch (line.slice(0, space)) {
    case "+process":
      processes.add(Number(value));
      break;
    case "-process":
      processes.delete(Number(value));
      break;
    case "+directory":
      directories.add(value);
      break;
    case "-directory":
      directories.delete(value);
      break;
    default:
      process.exitCode = 1;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}
