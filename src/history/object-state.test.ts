import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { decodeState, encodeState } from "./object-state.ts";

const metadata = { name: "a", uid: "u", resourceVersion: "7", labels: { a: "b" } };

test.each<readonly [string, KubeObject]>([
  [
    "spec and status",
    {
      apiVersion: "example.com/v1",
      kind: "Example",
      metadata: { ...metadata, namespace: "n" },
      spec: { a: 1 },
      status: { b: [1, null] },
    },
  ],
  ["no spec, no status", { apiVersion: "v1", kind: "Namespace", metadata }],
  [
    "fields of its own",
    { apiVersion: "rbac/v1", kind: "Role", metadata, rules: [{ verbs: ["get"] }], immutable: true },
  ],
  ["a status that is a string", { apiVersion: "a/v1", kind: "A", metadata, status: "fine" }],
  ["a status that is null", { apiVersion: "a/v1", kind: "A", metadata, status: null }],
  ["a status that is empty", { apiVersion: "a/v1", kind: "A", metadata, status: "" }],
])("decodeState gives back what encodeState took: %s", (_what, object) => {
  const state = encodeState(object, "");

  expect(decodeState(state)).toStrictEqual(object);
});

test("decodeState gives back whatever JSON stands in the object", () => {
  const fields = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue());

  fc.assert(
    fc.property(fields, fc.option(fc.jsonValue(), { nil: undefined }), (spec, status) => {
      const object: KubeObject = {
        apiVersion: "a/v1",
        kind: "A",
        metadata,
        spec,
        ...(status === undefined ? {} : { status }),
      };
      expect(decodeState(encodeState(object, ""))).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});

test("encodeState keeps what stands beside it in the row out of metadata", () => {
  const object: KubeObject = {
    apiVersion: "a/v1",
    kind: "A",
    metadata: { ...metadata, namespace: "n", generation: 2 },
  };

  const state = encodeState(object, "");

  expect(JSON.parse(state.metadata)).toEqual({ labels: { a: "b" }, generation: 2 });
});

test("encodeState keeps the resourceVersion out of the sections", () => {
  const object: KubeObject = { apiVersion: "a/v1", kind: "A", metadata };

  const states = [
    encodeState(object, "m"),
    encodeState({ ...object, metadata: { ...metadata, resourceVersion: "8" } }, "m"),
  ];

  expect(states[1]).toEqual({ ...states[0], resourceVersion: "8" });
  expect(states[0]).toMatchObject({
    uid: "u",
    namespace: "",
    name: "a",
    apiVersion: "a/v1",
    kind: "A",
    status: "",
    managers: "m",
  });
});
