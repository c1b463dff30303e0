import { expect, test } from "vitest";
import { VERSION } from "../util/version.ts";
import { objectResource } from "./object-resource.ts";

test("objectResource() keeps what users add and drops what was injected about our own pod", () => {
  const resourceAttributes = {
    "deployment.environment.name": "prod",
    "k8s.pod.name": "kube-lifeline-0",
    "k8s.namespace.name": "monitoring",
    "k8s.node.name": "node-1",
    "host.name": "node-1",
    "service.instance.id": "abc",
    "service.namespace": "platform",
  };

  const resource = objectResource(
    { serviceName: "kube-lifeline", clusterName: "east", resourceAttributes },
    "uid-1",
  );

  expect(resource).toEqual({
    "deployment.environment.name": "prod",
    "service.namespace": "platform",
    "service.name": "kube-lifeline",
    "service.version": VERSION,
    "k8s.cluster.name": "east",
    "k8s.cluster.uid": "uid-1",
  });
});
