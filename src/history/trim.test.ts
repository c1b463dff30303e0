import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { trim } from "./trim.ts";

function annotated(annotations: Record<string, string>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "a",
      uid: "u",
      resourceVersion: "1",
      annotations,
      managedFields: [{ manager: "m" }],
    },
  };
}

test.each([
  ["kubectl.kubernetes.io/last-applied-configuration"],
  ["app.oam.dev/last-applied-configuration"],
  ["banzaicloud.com/last-applied"],
  ["kapp.k14s.io/original"],
  ["kapp.k14s.io/original-diff"],
  ["kapp.k14s.io/original-diff-full"],
  ["objectset.rio.cattle.io/applied"],
])(
  "H03 managed-fields: trim drops the copy of the applied object in %s, and managedFields",
  (name) => {
    const object = annotated({ [name]: "{}", kept: "x" });

    const trimmed = trim(object);

    expect(trimmed.metadata).toEqual({
      name: "a",
      uid: "u",
      resourceVersion: "1",
      annotations: { kept: "x" },
    });
    expect(object.metadata).toHaveProperty("managedFields");
  },
);

test("trim leaves no empty annotations behind, so that a first kubectl apply is no change", () => {
  const trimmed = trim(annotated({ "kubectl.kubernetes.io/last-applied-configuration": "{}" }));

  expect(trimmed.metadata).toStrictEqual({ name: "a", uid: "u", resourceVersion: "1" });
});

test("trim keeps annotations that only sound alike", () => {
  const annotations = {
    "example.com/last-applied-hash": "a",
    "objectset.rio.cattle.io/id": "b",
    "kapp.k14s.io/identity": "c",
  };

  const trimmed = trim(annotated(annotations));

  expect(trimmed.metadata.annotations).toBe(annotations);
});
