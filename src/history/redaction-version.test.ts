import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256 } from "../util/sha256.ts";
import { REDACTION_VERSION } from "./redaction-version.ts";

/**
 * The rules that the version stands for. Where this differs the rules were touched: raise REDACTION_VERSION unless no
 * object can come out in another way (a new name, a comment, something faster), and put the new hash here in any case.
 */
const RULES = {
  version: 1,
  hash: "082013fcb2d7d19da3ae898be3feaefc5ecb76333ee194af1f0fe6949fb01deb",
};

test("REDACTION_VERSION was raised, or deliberately not, with the last change of the redaction rules", () => {
  const directory = new URL("redaction/", import.meta.url);
  const files = readdirSync(directory).filter((name) => !name.endsWith(".test.ts"));
  const sources = [new URL("redact.ts", import.meta.url)].concat(
    files.toSorted().map((name) => new URL(name, directory)),
  );

  const hash = sha256(sources.map((url) => withoutLayout(readFileSync(url, "utf8"))).join("\n"));

  expect({ version: REDACTION_VERSION, hash }).toEqual(RULES);
});

/** Comment blocks and lines, and how lines are broken and indented, are no rules. */
function withoutLayout(source: string): string {
  return source.replaceAll(/^\s*(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm, "").replaceAll(/,?\s+/g, " ");
}
