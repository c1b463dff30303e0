import { expect, test } from "vitest";
import type { KindFacts } from "./kube-object.ts";
import { RawJson } from "../util/raw-json.ts";
import { parseListPage, parseListText } from "./parse-list-page.ts";
import { KnownTries } from "./parse-without-tries.ts";

const PODS: KindFacts = {
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};
const ITEM = { metadata: { name: "a", uid: "u-1", resourceVersion: "7" }, spec: {} };

test("parseListPage() fills the apiVersion and kind that items of built-in kinds lack", () => {
  const body = {
    kind: "PodList",
    apiVersion: "v1",
    metadata: { resourceVersion: "9" },
    items: [ITEM],
  };

  const parsed = parseListPage(body, PODS);

  const objects = [{ ...ITEM, apiVersion: "v1", kind: "Pod" }];
  expect(parsed).toEqual({ type: "page", page: { objects, unreadable: [], resourceVersion: "9" } });
});

test("parseListPage() keeps the apiVersion and kind that custom resources carry", () => {
  const facts = { ...PODS, group: "example.com", version: "v2", kind: "Widget" };
  const item = { ...ITEM, apiVersion: "example.com/v1", kind: "Widget" };

  const parsed = parseListPage({ metadata: { resourceVersion: "9" }, items: [item] }, facts);

  expect(parsed).toMatchObject({ page: { objects: [item] } });
});

test.each([
  {
    body: { metadata: { resourceVersion: "9" }, items: null },
    page: { objects: [], unreadable: [], resourceVersion: "9" },
  },
  {
    body: { metadata: { resourceVersion: "9" } },
    page: { objects: [], unreadable: [], resourceVersion: "9" },
  },
  {
    body: { metadata: { resourceVersion: "9", continue: "tok" }, items: [] },
    page: { objects: [], unreadable: [], resourceVersion: "9", continueToken: "tok" },
  },
  {
    body: {
      metadata: { resourceVersion: "9", continue: "" },
      items: [
        7,
        { metadata: { name: "x", namespace: "prod" } },
        { metadata: { name: "", uid: "u-2" } },
        { metadata: { name: 5, uid: {} } },
      ],
    },
    page: {
      objects: [],
      unreadable: [
        { problem: "the object has no metadata" },
        { problem: "the object has no metadata.uid", name: "x", namespace: "prod" },
        { problem: "the object has no metadata.name", uid: "u-2" },
        { problem: "the object has no metadata.name" },
      ],
      resourceVersion: "9",
    },
  },
])("A15 list-empty: parseListPage() reads $body", ({ body, page }) => {
  const parsed = parseListPage(body, PODS);

  expect(parsed).toEqual({ type: "page", page });
});

test.each([
  null,
  [],
  "text",
  {},
  { metadata: { resourceVersion: "" }, items: [] },
  { metadata: { resourceVersion: "9" }, items: {} },
])("A15 list-without-rv: parseListPage() finds %j to be no list", (body) => {
  const parsed = parseListPage(body, PODS);

  expect(parsed.type).toBe("unreadable");
});

test("parseListText() leaves the tries of all items as text, and reads the rest as JSON.parse does", () => {
  const entry = { manager: "m", operation: "Update", fieldsV1: { "f:spec": { "f:size": {} } } };
  const bare = { metadata: { name: "b" }, spec: { size: 1 } };
  const items = (fieldsV1: unknown): readonly unknown[] => [
    { metadata: { name: "a", managedFields: [{ ...entry, fieldsV1 }, { manager: "none" }] } },
    bare,
    { metadata: { name: "c", managedFields: [{ ...entry, fieldsV1 }] }, spec: {} },
    null,
  ];
  const text = JSON.stringify({ metadata: { resourceVersion: "9" }, items: items(entry.fieldsV1) });

  const parsed = parseListText(text, new KnownTries());

  const left = items(new RawJson(JSON.stringify(entry.fieldsV1)));
  const value = { metadata: { resourceVersion: "9" }, items: left };
  expect(parsed).toEqual({ type: "json", value });
});

test.each([
  JSON.stringify({ items: [{ spec: { managedFields: [{ fieldsV1: { "f:a": {} } }] } }] }),
  JSON.stringify({ kind: "Status", details: { fieldsV1: {} } }),
  '{"items":null}',
  "[]",
])("parseListText() reads what holds no tries of items as JSON.parse does: %s", (text) => {
  const parsed = parseListText(text, new KnownTries());

  expect(parsed).toEqual({ type: "json", value: JSON.parse(text) });
});
