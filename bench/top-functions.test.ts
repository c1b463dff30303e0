import { expect, test } from "vitest";
import { sourceLocator, topFunctions } from "./top-functions.ts";

const PROFILE = {
  nodes: [
    { id: 1, callFrame: { functionName: "(idle)", url: "", lineNumber: -1, columnNumber: -1 } },
    {
      id: 2,
      callFrame: {
        functionName: "fold",
        url: "file:///x/dist/main.js",
        lineNumber: 1,
        columnNumber: 0,
      },
    },
    { id: 3, callFrame: { functionName: "", url: "node:zlib", lineNumber: 9, columnNumber: 0 } },
  ],
  samples: [1, 2, 3, 2],
  timeDeltas: [9000, 2000, 1000, 1000],
};
/** The second line of the bundle is the first of src/fold.ts. */
const SOURCE_MAP = JSON.stringify({
  version: 3,
  sources: ["../src/fold.ts"],
  names: [],
  mappings: ";AAAA",
});

test("topFunctions() tells where time went, idle time aside, by places in the sources", () => {
  const functions = topFunctions(PROFILE, 5, sourceLocator(SOURCE_MAP));

  expect(functions).toEqual([
    { name: "fold src/fold.ts:1", selfMs: 3, share: 0.75 },
    { name: "(anonymous) node:zlib:10", selfMs: 1, share: 0.25 },
  ]);
});

test("topFunctions() tells places in the bundle where there is no source map", () => {
  const [first] = topFunctions(PROFILE, 1, sourceLocator(undefined));

  expect(first?.name).toBe("fold dist/main.js:2");
});
