import { expect, test } from "vitest";
import { describeError } from "./describe-error.ts";

const REFUSED = new Error("connect ECONNREFUSED 127.0.0.1:4317");

test.each([
  ["plain", new Error("no"), "no"],
  [
    "with a cause",
    new Error("Cannot list pods", { cause: REFUSED }),
    "Cannot list pods: connect ECONNREFUSED 127.0.0.1:4317",
  ],
  [
    "that repeats its cause",
    new Error(`Cannot list pods: ${REFUSED.message}`, { cause: REFUSED }),
    `Cannot list pods: ${REFUSED.message}`,
  ],
  ["with a cause that is no Error", new Error("no", { cause: "why" }), "no"],
  ["without a message", new TypeError(""), "TypeError"],
  ["without a message but a cause", new Error("", { cause: REFUSED }), REFUSED.message],
  [
    "of several",
    new AggregateError([REFUSED, new Error("::1 too")]),
    `${REFUSED.message}, ::1 too`,
  ],
])("describeError() gives one line for an error %s", (_, error, expected) => {
  const text = describeError(error);

  expect(text).toBe(expected);
});

test("describeError() ends when an error is its own cause", () => {
  const error = new Error("loop");
  error.cause = error;

  const text = describeError(error);

  expect(text).toBe("loop");
});
