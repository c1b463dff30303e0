import { expect, test } from "vitest";
import { formatProblems } from "./configuration-problem.ts";

test("formatProblems() shows each problem with all that is known of it", () => {
  const text = formatProblems([
    {
      variable: "LIFELINE_INITIAL",
      seen: "sumary",
      why: "not one of the known values",
      wanted: "summary, all, none",
      nearest: "summary",
    },
    { variable: "LIFELINE_LEADERSHIP", why: "not supported by this version yet: unset it" },
  ]);

  expect(text).toBe(
    [
      "Cannot start: 2 problems in the configuration",
      "",
      '  LIFELINE_INITIAL="sumary"',
      "    not one of the known values",
      "    wanted: summary, all, none",
      "    did you mean summary?",
      "",
      "  LIFELINE_LEADERSHIP",
      "    not supported by this version yet: unset it",
      "",
      "`lifeline --help` lists every variable.",
      "",
    ].join("\n"),
  );
});

test("formatProblems() counts a single problem as one", () => {
  const text = formatProblems([{ variable: "A", why: "wrong" }]);

  expect(text).toContain("Cannot start: 1 problem in the configuration\n");
});

test("formatProblems() hides credentials inside URLs and control characters", () => {
  const text = formatProblems([
    { variable: "LIFELINE_HTTP_ADDRESS", seen: "http://me:s3cret@host\u001B[31m", why: "no port" },
  ]);

  expect(text).toContain("//[redacted]@host");
  expect(text).not.toContain("s3cret");
  expect(text).not.toContain("\u001B");
});

test.each([
  ["a query", "http://collector:4317/?key=s3cret&b=s3cret#s", "http://collector:4317/?[redacted]"],
  ["a password with a slash", "http://me:s3/cr@et@host:1", "http://[redacted]@host:1"],
])("formatProblems() hides %s of a URL", (_, seen, shown) => {
  const text = formatProblems([{ variable: "OTEL_EXPORTER_OTLP_ENDPOINT", seen, why: "wrong" }]);

  expect(text).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT="${shown}"\n`);
});
