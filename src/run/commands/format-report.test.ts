import { expect, test } from "vitest";
import type { Section } from "./finding.ts";
import { formatReport } from "./format-report.ts";

const SECTIONS: readonly Section[] = [
  {
    title: "Watched",
    findings: [
      { level: "ok", columns: ["pods", "v1"] },
      { level: "fail", columns: ["deployments.apps", "v1"], details: ["forbidden"], advice: "ask" },
      { level: "fail", columns: ["jobs.batch", "v1"], advice: "ask" },
    ],
  },
  {
    title: "State",
    findings: [
      { level: "note", columns: ["a private directory"], advice: "set it" },
      { level: "none", columns: ["nothing"] },
    ],
  },
];

test("formatReport() aligns columns, and tells each piece of advice once at the end", () => {
  const text = formatReport(SECTIONS, { color: false });

  expect(text).toBe(
    [
      "Watched",
      "  ok    pods              v1",
      "  FAIL  deployments.apps  v1",
      "          forbidden",
      "  FAIL  jobs.batch        v1",
      "",
      "State",
      "  note  a private directory",
      "        nothing",
      "",
      "2 things are wrong; what would help:",
      "  1. deployments.apps, jobs.batch: ask",
      "",
      "Worth knowing:",
      "  - a private directory: set it",
      "",
    ].join("\n"),
  );
});

test("formatReport() says that nothing is wrong", () => {
  const text = formatReport([{ title: "A", findings: [{ level: "ok", columns: ["b"] }] }], {
    color: false,
  });

  expect(text).toBe("A\n  ok    b\n\nNothing is wrong.\n");
});

test("formatReport() colours marks and nothing else, and only when asked", () => {
  const [plain, colored] = [false, true].map((color) => formatReport(SECTIONS, { color }));

  expect(plain).not.toContain("\u001B");
  expect(colored).toContain("\u001B[1;31mFAIL\u001B[0m  jobs.batch");
  // oxlint-disable-next-line no-control-regex -- that is what colours are made of
  expect(colored?.replaceAll(/\u001B\[[\d;]*m/g, "")).toBe(plain);
});

test("formatReport() names ten things behind one piece of advice, and counts the rest", () => {
  const findings = Array.from({ length: 12 }, (_, index) => ({
    level: "fail" as const,
    columns: [`kind-${index}`],
    advice: "ask",
  }));

  const text = formatReport([{ title: "A", findings }], { color: false });

  expect(text).toContain("kind-9 and 2 more: ask");
  expect(text).toContain("12 things are wrong");
});
