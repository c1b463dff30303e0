import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OtlpFile } from "./otlp-file.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

test("OtlpFile reads a line that was half there at first, also when its writer was started again in between", async () => {
  await using directory = await createTemporaryDirectory("otlp-file");
  const path = join(directory.path, "received.jsonl");
  const file = new OtlpFile(path);

  await writeFile(path, '{"a":1}\n{"b"');
  const before = file.requests();
  await appendFile(path, ":2}\n");
  file.dropUnfinishedLine();
  await appendFile(path, '{"c":3}\n');

  expect(before).toEqual([{ a: 1 }]);
  expect(file.requests()).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
});

test("OtlpFile leaves out the half line of a killed writer", async () => {
  await using directory = await createTemporaryDirectory("otlp-file");
  const path = join(directory.path, "received.jsonl");
  const file = new OtlpFile(path);

  await writeFile(path, '{"a":1}\n{"b"');
  file.requests();
  file.dropUnfinishedLine();
  await appendFile(path, '{"c":3}\n');

  expect(file.requests()).toEqual([{ a: 1 }, { c: 3 }]);
});
