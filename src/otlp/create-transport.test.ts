import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority, issueCertificate } from "../../test/testbed/certificate.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startOtlpReceiver } from "../testing/otlp-receiver/start-otlp-receiver.ts";
import { createTransport } from "./create-transport.ts";
import { encodeLogs } from "./encode-logs.ts";
import type { OtlpOptions } from "./exporter-options.ts";

const OPTIONS: OtlpOptions = {
  type: "otlp",
  protocol: "grpc",
  endpoint: "https://localhost:4317",
  headers: {},
  compression: "gzip",
  timeoutMs: 5_000,
};

async function filesOf(
  contents: Readonly<Record<string, string>>,
): Promise<(name: string) => string> {
  const directory = await mkdtemp(join(tmpdir(), "create-transport-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(contents)) await writeFile(join(directory, name), text);
  return (name) => join(directory, name);
}

async function problemWith(files: Partial<OtlpOptions>): Promise<string> {
  const transport = await createTransport({ ...OPTIONS, ...files }, "logs", createFakeClock());
  if (transport instanceof Error) return transport.message;
  await transport.close();
  return "none";
}

test("createTransport takes an authority, a certificate and its key", async () => {
  const authority = createAuthority();
  const client = issueCertificate(authority, { commonName: "kube-lifeline", usage: "client" });
  const path = await filesOf({
    "ca.crt": authority.certificatePem,
    "tls.crt": client.certificatePem,
    "tls.key": client.keyPem,
  });

  const problem = await problemWith({
    certificateFile: path("ca.crt"),
    clientCertificateFile: path("tls.crt"),
    clientKeyFile: path("tls.key"),
  });

  expect(problem).toBe("none");
});

test("createTransport names the file that can't be used", async () => {
  const authority = createAuthority();
  const client = issueCertificate(authority, { commonName: "kube-lifeline", usage: "client" });
  const other = issueCertificate(authority, { commonName: "somebody-else", usage: "client" });
  const path = await filesOf({
    "empty.crt": "",
    "broken.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "tls.crt": client.certificatePem,
    "other.key": other.keyPem,
  });

  const problems = [
    await problemWith({ certificateFile: path("absent.crt") }),
    await problemWith({ certificateFile: path("empty.crt") }),
    await problemWith({ certificateFile: path("broken.crt") }),
    await problemWith({ clientCertificateFile: path("tls.crt"), clientKeyFile: path("other.key") }),
  ];

  expect(problems).toEqual([
    expect.stringContaining(`"${path("absent.crt")}" for TLS to the OTLP receiver: ENOENT`),
    expect.stringContaining(
      `"${path("empty.crt")}" for TLS to the OTLP receiver: holds no certificate`,
    ),
    expect.stringContaining(`"${path("broken.crt")}" for TLS`),
    expect.stringContaining(`"${path("other.key")}" for TLS`),
  ]);
});

test.each(["grpc", "http/protobuf"] as const)(
  "what was encoded reaches a receiver over %s",
  async (protocol) => {
    await using receiver = await startOtlpReceiver();
    const endpoint = protocol === "grpc" ? receiver.grpcUrl : `${receiver.httpUrl}/v1/logs`;
    const transport = await createTransport(
      { ...OPTIONS, protocol, endpoint },
      "logs",
      createFakeClock(),
    );
    if (transport instanceof Error) throw transport;
    onTestFinished(() => transport.close());
    const body = encodeLogs(
      [
        {
          type: "log",
          eventName: "lifeline.synced",
          severity: "INFO",
          timeMs: 1,
          observedTimeMs: 2,
          body: "all there",
          attributes: { n: 3 },
        },
      ],
      {
        resource: { "service.name": "kube-lifeline" },
        scope: { name: "kube-lifeline", version: "1" },
      },
    );

    const result = await transport.send(body, new AbortController().signal);

    expect(result).toEqual({ type: "accepted", rejected: 0, message: "" });
    expect(receiver.records()).toMatchObject([
      { eventName: "lifeline.synced", body: "all there", attributes: { n: 3n } },
    ]);
  },
);
