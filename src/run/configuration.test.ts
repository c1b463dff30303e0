import { expect, test } from "vitest";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import { type Configuration, readConfiguration, readMode } from "./configuration.ts";
import { VARIABLES_OF_LATER_VERSIONS } from "./variables.ts";

type Environment = Parameters<typeof readConfiguration>[0];

function read(env: Environment, bareTerminal = false): Configuration {
  const result = readConfiguration(env, { bareTerminal });
  if (result.type === "invalid") throw new Error(JSON.stringify(result.problems));
  return result.configuration;
}

function problemsOf(env: Environment): readonly ConfigurationProblem[] {
  const result = readConfiguration(env, { bareTerminal: false });
  return result.type === "invalid" ? result.problems : [];
}

test("readConfiguration() gives the documented defaults when nothing is set", () => {
  const configuration = read({});

  expect(configuration).toMatchObject({
    resources: [{ text: "customresources", isExclude: false }],
    namespaces: { type: "all" },
    initial: "summary",
    logSeverity: "INFO",
    metricIntervalMs: 5_000,
    metricHeartbeatMs: 60_000,
    stuckAfterMs: 600_000,
    httpAddress: { type: "listen", host: "0.0.0.0", port: 8686 },
    shutdownTimeoutMs: 10_000,
    mode: "deployment",
    ownLogLevel: "info",
    serviceName: "kube-lifeline",
    resourceAttributes: {},
    exporters: { logs: { type: "otlp" }, metrics: { type: "otlp" } },
  });
  for (const field of [
    "kubeconfig",
    "context",
    "labelSelector",
    "stateDirectory",
    "clusterName",
  ] as const) {
    expect(configuration[field]).toBeUndefined();
  }
});

test("readConfiguration() reads every variable when all are set", () => {
  const configuration = read({
    KUBECONFIG: "/etc/kubeconfig",
    LIFELINE_CONTEXT: "prod",
    LIFELINE_RESOURCES: "pods, *.example.com,!leases.coordination.k8s.io",
    LIFELINE_NAMESPACES: "prod,stage",
    LIFELINE_LABEL_SELECTOR: "tier in (gold,silver)",
    LIFELINE_SHARD: "1/3",
    LIFELINE_STATE_DIR: "/var/lib/lifeline",
    LIFELINE_INITIAL: "all",
    LIFELINE_LOG_SEVERITY: "debug",
    LIFELINE_METRIC_INTERVAL: "250ms",
    LIFELINE_METRIC_HEARTBEAT: "2m",
    LIFELINE_STUCK_AFTER: "1m",
    LIFELINE_CLUSTER_NAME: "east",
    LIFELINE_HTTP_ADDRESS: "off",
    LIFELINE_SHUTDOWN_TIMEOUT: "3s",
    LIFELINE_MODE: "sidecar",
    LIFELINE_OWN_LOG_LEVEL: "DEBUG",
    OTEL_SERVICE_NAME: "watcher",
    OTEL_RESOURCE_ATTRIBUTES: "team=platform",
    OTEL_LOGS_EXPORTER: "console",
    OTEL_METRICS_EXPORTER: "none",
  });

  expect(configuration).toMatchObject({
    kubeconfig: "/etc/kubeconfig",
    context: "prod",
    resources: [
      { text: "pods" },
      { text: "*.example.com" },
      { text: "!leases.coordination.k8s.io", isExclude: true },
    ],
    namespaces: { type: "names", names: ["prod", "stage"] },
    labelSelector: "tier in (gold,silver)",
    shard: { index: 1, count: 3 },
    stateDirectory: "/var/lib/lifeline",
    initial: "all",
    logSeverity: "DEBUG",
    metricIntervalMs: 250,
    metricHeartbeatMs: 120_000,
    stuckAfterMs: 60_000,
    clusterName: "east",
    httpAddress: { type: "off" },
    shutdownTimeoutMs: 3_000,
    mode: "sidecar",
    ownLogLevel: "debug",
    serviceName: "watcher",
    resourceAttributes: { team: "platform" },
    exporters: { logs: { type: "console" }, metrics: { type: "none" } },
  });
});

test("readConfiguration() takes empty and blank variables for unset ones", () => {
  const env = {
    LIFELINE_RESOURCES: "",
    LIFELINE_METRIC_INTERVAL: "  ",
    LIFELINE_CLUSTER_NAME: "",
    OTEL_SERVICE_NAME: " ",
    OTEL_RESOURCE_ATTRIBUTES: "",
  };

  const configuration = read(env);

  expect(configuration).toEqual(read({}));
});

test.each([
  [
    { LIFELINE_CLUSTER_NAME: "a", OTEL_RESOURCE_ATTRIBUTES: "k8s.cluster.name=b" },
    "clusterName",
    "a",
  ],
  [{ OTEL_RESOURCE_ATTRIBUTES: "k8s.cluster.name=b" }, "clusterName", "b"],
  [{ OTEL_SERVICE_NAME: "a", OTEL_RESOURCE_ATTRIBUTES: "service.name=b" }, "serviceName", "a"],
  [{ OTEL_RESOURCE_ATTRIBUTES: "service.name=b" }, "serviceName", "b"],
] as const)("readConfiguration() lets the explicit variable win: %j", (env, field, expected) => {
  const configuration = read(env);

  expect(configuration[field]).toBe(expected);
  expect(configuration.resourceAttributes).toEqual({});
});

test.each([
  [{}, true, "console"],
  [{}, false, "otlp"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317" }, true, "otlp"],
  [{ OTEL_LOGS_EXPORTER: "otlp" }, true, "otlp"],
] as const)(
  "readConfiguration() with %j on a bare terminal (%j) sends logs to %s",
  (env, bareTerminal, expected) => {
    const configuration = read(env, bareTerminal);

    expect(configuration.exporters.logs.type).toBe(expected);
  },
);

test("readConfiguration() reports all problems at once, each with variable, value seen and values wanted", () => {
  const problems = problemsOf({
    LIFELINE_RESORUCES: "pods",
    LIFELINE_RESOURCES: "Pods,apps/v1",
    LIFELINE_NAMESPACES: "Prod",
    LIFELINE_LABEL_SELECTOR: "tier=~gold",
    LIFELINE_INITIAL: "sumary",
    LIFELINE_LOG_SEVERITY: "LOUD",
    LIFELINE_METRIC_INTERVAL: "5 s",
    LIFELINE_METRIC_HEARTBEAT: "10m",
    LIFELINE_HTTP_ADDRESS: "8686",
    LIFELINE_SHUTDOWN_TIMEOUT: "soon",
    LIFELINE_OWN_LOG_LEVEL: "verbose",
    LIFELINE_LEADERSHIP: "lease",
    OTEL_RESOURCE_ATTRIBUTES: "nothing",
    OTEL_LOGS_EXPORTER: "file",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
  });

  expect(problems.map(({ variable, seen }) => [variable, seen])).toEqual([
    ["LIFELINE_RESORUCES", undefined],
    ["LIFELINE_LEADERSHIP", undefined],
    ["LIFELINE_RESOURCES", "Pods,apps/v1"],
    ["LIFELINE_NAMESPACES", "Prod"],
    ["LIFELINE_LABEL_SELECTOR", "tier=~gold"],
    ["LIFELINE_INITIAL", "sumary"],
    ["LIFELINE_LOG_SEVERITY", "LOUD"],
    ["LIFELINE_METRIC_INTERVAL", "5 s"],
    ["LIFELINE_METRIC_HEARTBEAT", "10m"],
    ["OTEL_RESOURCE_ATTRIBUTES", "nothing"],
    ["LIFELINE_HTTP_ADDRESS", "8686"],
    ["LIFELINE_SHUTDOWN_TIMEOUT", "soon"],
    ["LIFELINE_OWN_LOG_LEVEL", "verbose"],
    ["OTEL_LOGS_EXPORTER", "file"],
    ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"],
  ]);
  expect(problems.find(({ variable }) => variable === "LIFELINE_INITIAL")).toMatchObject({
    wanted: "summary, all, none",
    nearest: "summary",
  });
  expect(problems.find(({ variable }) => variable === "LIFELINE_RESOURCES")?.why).toMatch(
    /"Pods" .*; "apps\/v1" /,
  );
});

test.each([
  ["LIFELINE_RESOURCE", "LIFELINE_RESOURCES"],
  ["LIFELINE_STATEDIR", "LIFELINE_STATE_DIR"],
  ["LIFELINE_METRICS_INTERVAL", "LIFELINE_METRIC_INTERVAL"],
  ["LIFELINE_LOG_LEVEL", "LIFELINE_OWN_LOG_LEVEL"],
  ["LIFELINE_", undefined],
  ["LIFELINE_PORTS", undefined],
  ["LIFELINE_FOO", undefined],
])(
  "readConfiguration() refuses the unknown %s and suggests %s without showing its value",
  (variable, nearest) => {
    const problems = problemsOf({ [variable]: "s3cret" });

    expect(problems).toEqual([
      { variable, why: "not a known variable", ...(nearest === undefined ? {} : { nearest }) },
    ]);
  },
);

test("readConfiguration() says of a shard that is none which ones there are", () => {
  const problems = problemsOf({ LIFELINE_SHARD: "3/3" });

  expect(problems).toEqual([
    {
      variable: "LIFELINE_SHARD",
      seen: "3/3",
      why: "shards are counted from 0, so that the last one is 2/3",
      wanted: "which share, counted from 0, of how many, such as 0/3",
    },
  ]);
});

test.each(VARIABLES_OF_LATER_VERSIONS)(
  "readConfiguration() says that %s comes later instead of ignoring it",
  (variable) => {
    const problems = problemsOf({ [variable]: "true" });

    expect(problems).toEqual([{ variable, why: "not supported by this version yet: unset it" }]);
  },
);

test("readConfiguration() passes over what Kubernetes injects for a Service named lifeline, and other programs' variables", () => {
  const problems = problemsOf({
    LIFELINE_PORT: "tcp://10.0.0.1:8686",
    LIFELINE_PORT_8686_TCP_ADDR: "10.0.0.1",
    LIFELINE_SERVICE_HOST: "10.0.0.1",
    LIFELINE_SERVICE_PORT_HTTP: "8686",
    KUBE_LIFELINE_SERVICE_HOST: "10.0.0.1",
    PATH: "/bin",
    OTEL_BSP_MAX_QUEUE_SIZE: "1",
  });

  expect(problems).toEqual([]);
});

test.each([
  [{ LIFELINE_METRIC_INTERVAL: "90s" }, "1m", "90s"],
  [{ LIFELINE_METRIC_INTERVAL: "10s", LIFELINE_METRIC_HEARTBEAT: "9s" }, "9s", "10s"],
])("readConfiguration() refuses a heartbeat below the interval: %j", (env, seen, interval) => {
  const problems = problemsOf(env);

  expect(problems).toEqual([
    {
      variable: "LIFELINE_METRIC_HEARTBEAT",
      seen,
      why: `shorter than LIFELINE_METRIC_INTERVAL, which is ${interval}`,
      wanted: `a duration of at least ${interval}`,
    },
  ]);
});

test("readConfiguration() takes a heartbeat equal to the interval", () => {
  const configuration = read({ LIFELINE_METRIC_INTERVAL: "60s", LIFELINE_METRIC_HEARTBEAT: "60s" });

  expect(configuration.metricHeartbeatMs).toBe(60_000);
});

test("readConfiguration() never shows what a wrong header holds", () => {
  const problems = problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: "authorization: Bearer s3cret" });

  expect(problems).not.toEqual([]);
  expect(JSON.stringify(problems)).not.toContain("s3cret");
});

test.each([
  [{}, "deployment", "listen"],
  [{ LIFELINE_MODE: "Sidecar", LIFELINE_HTTP_ADDRESS: "off", LIFELINE_X: "1" }, "sidecar", "off"],
  [{ LIFELINE_MODE: "sidecart", LIFELINE_HTTP_ADDRESS: "nowhere" }, undefined, undefined],
])("readMode() knows mode and address whatever else is wrong: %j", (env, mode, address) => {
  const known = readMode(env);

  expect(known.mode).toBe(mode);
  expect(known.httpAddress?.type).toBe(address);
});
