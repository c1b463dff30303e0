import { expect, test } from "vitest";
import {
  type ExporterOptions,
  type ExporterProblem,
  parseExporterOptions,
} from "./exporter-options.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const SERVER = { bareTerminal: false };

function optionsOf(environment: Environment, flags = SERVER): ExporterOptions {
  const parsed = parseExporterOptions(environment, flags);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.options;
}

function problemsOf(environment: Environment): readonly ExporterProblem[] {
  const parsed = parseExporterOptions(environment, SERVER);
  return "problems" in parsed ? parsed.problems : [];
}

function endpointsOf(environment: Environment): readonly string[] {
  const { logs, metrics } = optionsOf(environment);
  return [logs, metrics].map((exporter) =>
    exporter.type === "otlp" ? exporter.endpoint : exporter.type,
  );
}

test("without any variable everything goes to gRPC on localhost with gzip and 10 s", () => {
  const expected = {
    type: "otlp",
    protocol: "grpc",
    endpoint: "http://localhost:4317",
    headers: {},
    compression: "gzip",
    timeoutMs: 10_000,
  };

  expect(optionsOf({})).toEqual({ logs: expected, metrics: expected, traces: expected });
  expect(optionsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_EXPORTER_OTLP_PROTOCOL: " " })).toEqual(
    optionsOf({}),
  );
});

test.each([
  ["http://collector:4317", "http://collector:4317"],
  ["https://collector:4317/", "https://collector:4317"],
  ["HTTPS://Collector.example.com", "https://collector.example.com"],
  ["http://collector", "http://collector"],
  ["http://[::1]:4317", "http://[::1]:4317"],
  ["collector:4317", "https://collector:4317"],
  ["10.0.0.7:4317", "https://10.0.0.7:4317"],
  ["localhost:4317", "https://localhost:4317"],
])("gRPC endpoint %j is %j", (given, expected) => {
  expect(endpointsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: given })).toEqual([expected, expected]);
});

test("INSECURE counts for an endpoint without a scheme only, the signal's own before the common one", () => {
  const insecure = {
    OTEL_EXPORTER_OTLP_INSECURE: "True",
    OTEL_EXPORTER_OTLP_METRICS_INSECURE: "false",
  };

  expect(endpointsOf({ ...insecure, OTEL_EXPORTER_OTLP_ENDPOINT: "c:1" })).toEqual([
    "http://c:1",
    "https://c:1",
  ]);
  expect(endpointsOf({ ...insecure, OTEL_EXPORTER_OTLP_ENDPOINT: "https://c:1" })).toEqual([
    "https://c:1",
    "https://c:1",
  ]);
});

test.each([
  ["http://c:4318", "http://c:4318/v1/logs", "http://c:4318/v1/metrics"],
  ["http://c:4318/", "http://c:4318/v1/logs", "http://c:4318/v1/metrics"],
  ["https://c/otlp", "https://c/otlp/v1/logs", "https://c/otlp/v1/metrics"],
  ["https://c/otlp/?key=1", "https://c/otlp/v1/logs?key=1", "https://c/otlp/v1/metrics?key=1"],
  [undefined, "http://localhost:4318/v1/logs", "http://localhost:4318/v1/metrics"],
])("HTTP endpoint %j gets each signal's path", (given, logs, metrics) => {
  const environment = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_ENDPOINT: given,
  };

  expect(endpointsOf(environment)).toEqual([logs, metrics]);
});

test("a signal's own HTTP endpoint is used as it is", () => {
  const environment = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318",
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://loki:3100/otlp/v1/logs",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://mimir:9009",
  };

  expect(endpointsOf(environment)).toEqual(["http://loki:3100/otlp/v1/logs", "http://mimir:9009/"]);
});

test("each signal's own variable stands before the common one", () => {
  const { logs, metrics } = optionsOf({
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2000",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "0",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "GZIP",
    OTEL_EXPORTER_OTLP_HEADERS: "a=1,b=2",
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: "b=3",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca.crt",
    OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: "/logs.crt",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/tls.key",
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "/tls.crt",
  });

  const files = { clientKeyFile: "/tls.key", clientCertificateFile: "/tls.crt" };
  expect(logs).toEqual({
    type: "otlp",
    protocol: "http/protobuf",
    endpoint: "http://localhost:4318/v1/logs",
    headers: { b: "3" },
    compression: "gzip",
    timeoutMs: 0,
    certificateFile: "/logs.crt",
    ...files,
  });
  expect(metrics).toEqual({
    type: "otlp",
    protocol: "grpc",
    endpoint: "http://localhost:4317",
    headers: { a: "1", b: "2" },
    compression: "none",
    timeoutMs: 2_000,
    certificateFile: "/ca.crt",
    ...files,
  });
});

test.each([
  ["api-key=key,other-config-value=value", { "api-key": "key", "other-config-value": "value" }],
  ["Authorization=Basic%20dXNlcjpwYXNz==", { authorization: "Basic dXNlcjpwYXNz==" }],
  [" a = 1 , , b=2,", { a: "1", b: "2" }],
  ["a=x%2Cy%3Dz;w", { a: "x,y=z;w" }],
  ["a=", { a: "" }],
  ["a=1,a=2", { a: "2" }],
])("headers %j are %j", (given, headers) => {
  expect(optionsOf({ OTEL_EXPORTER_OTLP_HEADERS: given }).logs).toMatchObject({ headers });
});

test.each([
  ["x-key=hush,more", "x-key=…,…"],
  ["x-key=hush,na me=hush", "x-key=…,na me=…"],
  ["=hush", "=…"],
  ["x-key=hush%zz", "x-key=…"],
  ["x-key=hush%0A", "x-key=…"],
  ["x-key=hush%C3%A9", "x-key=…"],
  ["Host=hush", "Host=…"],
  [":path=hush", ":path=…"],
])("headers %j are a problem that shows no value", (given, shown) => {
  const problems = problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: given });

  expect(problems).toMatchObject([{ variable: "OTEL_EXPORTER_OTLP_HEADERS", value: shown }]);
  expect(JSON.stringify(problems)).not.toContain("hush");
});

test.each([
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "thrift", "grpc or http/protobuf"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip or none"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "milliseconds"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "99999999999", "milliseconds"],
  ["OTEL_EXPORTER_OTLP_INSECURE", "yes", "true or false"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///run/otlp.sock", "URL"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c:4317", "http://"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "URL"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:99999", "URL"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/v1/logs", "http/protobuf"],
  ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:port", "URL"],
  ["OTEL_EXPORTER_OTLP_CLIENT_KEY", "/tls.key", "CLIENT_CERTIFICATE"],
  ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/tls.crt", "CLIENT_KEY"],
  ["OTEL_LOGS_EXPORTER", "prometheus", "otlp, console or none"],
  ["OTEL_METRICS_EXPORTER", "otlp,console", "otlp, console or none"],
  ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "cumulativetodelta"],
  ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "lowmemory", "cumulativetodelta"],
])("%s=%s is one problem that names what would do", (variable, value, advice) => {
  expect(problemsOf({ [variable]: value })).toEqual([
    { variable, value, message: expect.stringContaining(advice) },
  ]);
});

test("all problems come at once, each variable once", () => {
  const problems = problemsOf({
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_TIMEOUT: "soon",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "c:4318",
    OTEL_TRACES_EXPORTER: "zipkin",
  });

  expect(problems.map((problem) => problem.variable)).toEqual([
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_TRACES_EXPORTER",
  ]);
});

test.each(["https://user:hush@c:4317", "user:hush@c:4317", "https://hush@c:4317"])(
  "a password in an endpoint is refused and not shown: %s",
  (given) => {
    const problems = problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: given });

    expect(problems).toMatchObject([
      { variable: "OTEL_EXPORTER_OTLP_ENDPOINT", value: expect.stringContaining("c:4317") },
    ]);
    expect(JSON.stringify(problems)).not.toContain("hush");
  },
);

test("variables of a signal that goes elsewhere are not looked at", () => {
  const { logs, metrics } = optionsOf({
    OTEL_LOGS_EXPORTER: "none",
    OTEL_METRICS_EXPORTER: "Console",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "soon",
  });

  expect([logs, metrics]).toEqual([{ type: "none" }, { type: "console" }]);
});

function typesOnTerminal(environment: Environment): readonly string[] {
  return Object.values(optionsOf(environment, { bareTerminal: true })).map(
    (exporter) => exporter.type,
  );
}

test("on a bare terminal everything goes to the console, unless an endpoint or an exporter is set", () => {
  expect(typesOnTerminal({})).toEqual(["console", "console", "console"]);
  expect(typesOnTerminal({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317" })).toEqual([
    "otlp",
    "otlp",
    "otlp",
  ]);
  expect(typesOnTerminal({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://c:4317" })).toEqual([
    "otlp",
    "otlp",
    "otlp",
  ]);
  expect(typesOnTerminal({ OTEL_LOGS_EXPORTER: "otlp" })).toEqual(["otlp", "console", "console"]);
});
