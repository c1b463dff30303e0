import { expect, test } from "vitest";
import { parseNamespacePatterns } from "./namespace-patterns.ts";

test.each([
  { list: [], expected: { type: "all" } },
  { list: ["*"], expected: { type: "all" } },
  { list: ["prod", "dev", "prod"], expected: { type: "names", names: ["prod", "dev"] } },
])("parseNamespacePatterns() reads $list", ({ list, expected }) => {
  const parsed = parseNamespacePatterns(list);

  expect(parsed).toEqual({ type: "namespaces", namespaces: expected });
});

test.each([
  { list: ["prod-*"], accepted: ["prod-a", "prod-scratch"] },
  { list: ["prod-*", "!prod-scratch"], accepted: ["prod-a"] },
  { list: ["!kube-*"], accepted: ["dev", "prod-a", "prod-scratch"] },
  { list: ["dev", "*-a"], accepted: ["dev", "prod-a"] },
  { list: ["*", "!dev"], accepted: ["kube-system", "prod-a", "prod-scratch"] },
  { list: ["dev", "!dev"], accepted: [] },
])("parseNamespacePatterns() filters by $list", ({ list, accepted }) => {
  const parsed = parseNamespacePatterns(list);

  const { namespaces } = parsed.type === "namespaces" ? parsed : { namespaces: undefined };
  const accepts = namespaces?.type === "filter" ? namespaces.accepts : (): boolean => false;
  expect(["dev", "kube-system", "prod-a", "prod-scratch"].filter(accepts)).toEqual(accepted);
  expect(namespaces?.type).toBe("filter");
});

test.each(["", "!", "Prod", "a.b", "-a", "a-", "a b", "!!a"])(
  "parseNamespacePatterns() refuses %j",
  (text) => {
    const parsed = parseNamespacePatterns(["ok", text]);

    expect(parsed).toMatchObject({ type: "problems", problems: [{ value: text }] });
  },
);
