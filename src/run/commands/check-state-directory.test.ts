import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkStateDirectory } from "./check-state-directory.ts";

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-directory-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test.each([
  ["a loop of links", "loop/state", "not writable (ELOOP)"],
  ["a name that is too long", `${"x".repeat(300)}/state`, "not writable (ENAMETOOLONG)"],
])("checkStateDirectory() says that %s cannot be written", (_, name, problem) => {
  const directory = createDirectory();
  symlinkSync("loop", join(directory, "loop"));

  const finding = checkStateDirectory(join(directory, name), "/tmp");

  expect(finding).toMatchObject({
    level: "fail",
    columns: [join(directory, name), expect.stringContaining(problem)],
  });
});

test("checkStateDirectory() takes a directory that is missing and can be made", () => {
  const path = join(createDirectory(), "a", "b");

  const finding = checkStateDirectory(path, "/tmp");

  expect(finding).toEqual({ level: "ok", columns: [path, "not there yet: the daemon makes it"] });
});
