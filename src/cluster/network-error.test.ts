import { expect, test } from "vitest";
import { describeNetworkError } from "./network-error.ts";

function coded(code: string, more: ErrorOptions = {}): Error {
  return Object.assign(new Error(`raw ${code}`, more), { code });
}

test.each([
  { name: "a code", error: coded("ECONNREFUSED"), text: /^ECONNREFUSED, nothing listens there/ },
  {
    name: "a code behind fetch's wrapper",
    error: new TypeError("fetch failed", { cause: coded("ENOTFOUND") }),
    text: /^ENOTFOUND, its name does not resolve/,
  },
  {
    name: "the first of both address families",
    error: new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")]),
    text: /^ECONNREFUSED/,
  },
  { name: "an unknown code", error: coded("E_NEW"), text: /^raw E_NEW$/ },
  {
    name: "a chain without codes",
    error: new Error("outer", { cause: new Error("inner") }),
    text: /^outer: inner$/,
  },
  { name: "what is no error", error: "text", text: /^text$/ },
  { name: "nothing", error: undefined, text: /^undefined$/ },
])("describeNetworkError() describes $name", ({ error, text }) => {
  const description = describeNetworkError(error);

  expect(description).toMatch(text);
});
