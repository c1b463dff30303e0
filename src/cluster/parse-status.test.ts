import { expect, test } from "vitest";
import { parseStatusText } from "./parse-status.ts";

test.each([
  [
    '{"kind":"Status","code":403,"reason":"Forbidden","message":"pods is forbidden"}',
    { code: 403, reason: "Forbidden", message: "pods is forbidden", causes: [] },
  ],
  [
    '{"details":{"retryAfterSeconds":2,"causes":[{"reason":"ResourceVersionTooLarge"}]}}',
    { message: "", retryAfterMs: 2000, causes: ["ResourceVersionTooLarge"] },
  ],
  [
    "<html><body><h1>503</h1>\n no  backend</body></html>",
    { message: "503 no backend", causes: [] },
  ],
  ["404 page not found\n", { message: "404 page not found", causes: [] }],
  ['"text"', { message: '"text"', causes: [] }],
  ["", { message: "", causes: [] }],
])("parseStatusText(%j)", (text, status) => {
  const found = parseStatusText(text);

  expect(found).toEqual(status);
});

test("parseStatusText() keeps messages of any length short", () => {
  const status = parseStatusText(JSON.stringify({ message: "x".repeat(100_000) }));
  const page = parseStatusText("y".repeat(100_000));

  expect(status.message).toHaveLength(1000);
  expect(page.message).toHaveLength(200);
});
