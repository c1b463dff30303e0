import { expect, test } from "vitest";
import { VERSION } from "../../util/version.ts";
import { selfResource } from "./self-resource.ts";

test("selfResource() names service, version, instance and cluster", () => {
  const configuration = {
    serviceName: "kube-lifeline",
    clusterName: "east",
    resourceAttributes: { team: "platform" },
  };

  const resource = selfResource(configuration, { instanceId: "i-1", clusterUid: "u-1" });

  expect(resource).toEqual({
    "service.name": "kube-lifeline",
    "service.version": VERSION,
    "service.instance.id": "i-1",
    "k8s.cluster.name": "east",
    "k8s.cluster.uid": "u-1",
    team: "platform",
  });
});

test("selfResource() lets the user's attributes win over what it would make up, and leaves out what is not known", () => {
  const configuration = {
    serviceName: "a",
    clusterName: undefined,
    resourceAttributes: { "service.instance.id": "mine", "k8s.cluster.uid": "mine" },
  };

  const resource = selfResource(configuration, { instanceId: "i-1", clusterUid: undefined });

  expect(resource).toEqual({
    "service.name": "a",
    "service.version": VERSION,
    "service.instance.id": "mine",
    "k8s.cluster.uid": "mine",
  });
});
