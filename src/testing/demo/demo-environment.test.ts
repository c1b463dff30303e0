import { expect, test } from "vitest";
import { demoEnvironment } from "./demo-environment.ts";

test("demoEnvironment keeps the user's own settings out", () => {
  const inherited = {
    PATH: "/bin",
    LIFELINE_RESOURCES: "pods",
    OTEL_EXPORTER_OTLP_HEADERS: "a=b",
    HTTPS_PROXY: "x",
  };

  const environment = demoEnvironment(inherited, {
    kubeconfigPath: "/private/kubeconfig",
    directory: "/private",
    receiver: { httpUrl: "http://127.0.0.1:1" },
    seconds: 30,
  });

  expect(environment).toMatchObject({
    PATH: "/bin",
    KUBECONFIG: "/private/kubeconfig",
    TMPDIR: "/private",
    LIFELINE_RESOURCES: "customresources",
    LIFELINE_STUCK_AFTER: "7500ms",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
  });
  expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(["HTTPS_PROXY"]));
  expect(Object.keys(environment)).not.toEqual(
    expect.arrayContaining(["OTEL_EXPORTER_OTLP_HEADERS"]),
  );
});
