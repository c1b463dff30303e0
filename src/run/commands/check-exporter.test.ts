import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:https";
import { createSecureServer } from "node:http2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../test/testbed/certificate.ts";
import { parseExporterOptions } from "../../otlp/exporter-options.ts";
import { listenOnLoopback } from "../../testing/listen-on-loopback.ts";
import { startOtlpReceiver } from "../../testing/otlp-receiver/start-otlp-receiver.ts";
import { systemClock } from "../../util/clock.ts";
import { checkExporter, type ExporterFinding } from "./check-exporter.ts";

const PROTOCOLS = ["grpc", "http/protobuf"] as const;

async function check(env: Readonly<Record<string, string>>): Promise<ExporterFinding> {
  const parsed = parseExporterOptions(env, { bareTerminal: false });
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return await checkExporter("logs", parsed.options, systemClock);
}

async function checkAt(
  endpoint: string,
  protocol: (typeof PROTOCOLS)[number],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { level, columns, advice } = await check({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    ...env,
  });
  return `${level}: ${columns.at(-1)}: ${advice}`;
}

async function startReceiver() {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return { ...receiver, url: { grpc: receiver.grpcUrl, "http/protobuf": receiver.httpUrl } };
}

async function listen(server: Server): Promise<string> {
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return await listenOnLoopback(server);
}

/** Takes every connection, and does that with it. */
async function listenTcp(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const bound = server.address();
  return `http://127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`;
}

/** An https server on loopback with that certificate, for either protocol. */
async function listenTls(
  protocol: (typeof PROTOCOLS)[number],
  options: { readonly cert: string; readonly key: string; readonly ca?: string },
): Promise<string> {
  const tls = { ...options, ...(options.ca === undefined ? {} : { requestCert: true }) };
  const server = protocol === "grpc" ? createSecureServer(tls) : createTlsServer(tls);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const bound = server.address();
  return `https://127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`;
}

test.each(PROTOCOLS)("check says that a %s receiver takes requests", async (protocol) => {
  const { url } = await startReceiver();

  const finding = await check({
    OTEL_EXPORTER_OTLP_ENDPOINT: url[protocol],
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  });

  const path = protocol === "grpc" ? "" : "/v1/logs";
  const columns = ["logs", protocol, `${url[protocol]}${path}`, "took an empty request"];
  expect(finding).toEqual({ level: "ok", columns });
});

test.each(PROTOCOLS)("check says that nothing listens, by %s", async (protocol) => {
  const said = await checkAt("http://127.0.0.1:1", protocol);

  expect(said).toMatch(/^fail: refused: nothing listens there/);
});

test.each(PROTOCOLS)("check says that a name does not resolve, by %s", async (protocol) => {
  const said = await checkAt("http://collector.invalid:4317", protocol);

  expect(said).toMatch(/^fail: no such host: /);
});

test.each([
  ["grpc", 404, "it does not take this signal there: give the collector a pipeline"],
  ["http/protobuf", 404, "it does not take this signal there: give the collector a pipeline"],
  ["grpc", 401, "it does not know us: .*OTEL_EXPORTER_OTLP_HEADERS"],
  ["http/protobuf", 403, "it does not know us: .*OTEL_EXPORTER_OTLP_HEADERS"],
  ["grpc", 503, "it takes nothing now"],
  ["http/protobuf", 429, "it takes nothing now"],
  ["grpc", 400, "it refused the request: see the collector's own log"],
  ["http/protobuf", 400, "it refused the request: see the collector's own log"],
] as const)("check by %s says what a %i means", async (protocol, code, expected) => {
  const { url, answers } = await startReceiver();
  answers.add({ type: "refuse", code });

  const said = await checkAt(url[protocol], protocol);

  expect(said).toMatch(new RegExp(`^fail: ${expected}`));
});

test("check tells that each protocol was spoken to the other's port", async () => {
  const { url } = await startReceiver();

  const said = [
    await checkAt(url["http/protobuf"], "grpc"),
    await checkAt(url.grpc, "http/protobuf"),
  ];

  for (const one of said) expect(one).toMatch(/^fail: it speaks something else: .*4317.*4318/);
});

test.each(PROTOCOLS)("check tells an answer that never comes, by %s", async (protocol) => {
  const url = await listenTcp(() => undefined);

  const said = await checkAt(url, protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: "50" });

  expect(said).toMatch(/^fail: timeout: it does not answer in time/);
});

test("check tells a web page", async () => {
  const url = await listen(
    createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    }),
  );

  const said = await checkAt(url, "http/protobuf");

  expect(said).toMatch(/^fail: it speaks something else/);
});

test.each(PROTOCOLS)("check tells a certificate that nobody trusts, by %s", async (protocol) => {
  const { certificatePem: cert, keyPem: key } = issueCertificate(createAuthority(), {
    commonName: "collector",
    usage: "server",
  });
  const url = await listenTls(protocol, { cert, key });

  const said = await checkAt(url, protocol);

  expect(said).toMatch(/^fail: TLS: its certificate is not trusted: .*OTLP_CERTIFICATE/);
});

test.each(PROTOCOLS)("check tells what else may be wrong with TLS, by %s", async (protocol) => {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const authority = createAuthority();
  const issue = (notAfter?: Date): { cert: string; key: string } => {
    const usage = "server";
    const request = { commonName: "collector", usage } as const;
    const issued = issueCertificate(authority, notAfter ? { ...request, notAfter } : request);
    return { cert: issued.certificatePem, key: issued.keyPem };
  };
  const file = join(directory, "ca.pem");
  writeFileSync(file, authority.certificatePem);
  const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: file };
  const expired = await listenTls(protocol, issue(new Date(Date.now() - 60_000)));
  const strict = await listenTls(protocol, { ...issue(), ca: authority.certificatePem });
  const { url: plain } = await startReceiver();

  const said = await Promise.all([
    checkAt(expired, protocol, env),
    checkAt(strict, protocol, env),
    checkAt(plain[protocol].replace("http:", "https:"), protocol, env),
  ]);

  expect(said).toEqual([
    expect.stringMatching(/^fail: TLS: its certificate is not valid now/),
    expect.stringMatching(
      /^fail: (TLS: it does not take our certificate|it closes the connection): .*CLIENT_CERTIFICATE/,
    ),
    expect.stringMatching(/^fail: TLS: it speaks none there/),
  ]);
});

test.each([
  ["none", { level: "none", columns: ["logs", "none", expect.stringContaining("goes nowhere")] }],
  ["console", { level: "ok", columns: ["logs", "console", expect.any(String)] }],
])("check sends nothing where logs go to %s", async (exporter, expected) => {
  const finding = await check({ OTEL_LOGS_EXPORTER: exporter });

  expect(finding).toEqual(expected);
});

test("check shows no secret of an endpoint", async () => {
  const { columns, details } = await check({
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://127.0.0.1:1/v1/logs?key=canary",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=canary",
  });

  expect(columns).toContain("http://127.0.0.1:1/v1/logs");
  expect(JSON.stringify([columns, details])).not.toContain("canary");
});

test("check shows no header that a receiver repeats", async () => {
  const url = await listen(
    createServer(({ headers: { authorization = "" } }, response) => {
      const token = authorization.replace("Bearer ", "");
      response.writeHead(401).end(`neither ${authorization} nor ${token} of tenant a`);
    }),
  );

  const { details } = await check({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20canary,x-tenant=a",
  });

  expect(details).toEqual([
    expect.stringContaining("neither [redacted] nor [redacted] of tenant a"),
  ]);
});
