import { createTransport } from "../../otlp/create-transport.ts";
import type { ExporterOptions, OtlpOptions } from "../../otlp/exporter-options.ts";
import type { SendResult, SignalKind } from "../../otlp/transport.ts";
import type { Clock } from "../../util/clock.ts";
import { fieldAt } from "../../util/json.ts";
import type { Finding } from "./finding.ts";

/** An empty `Export…ServiceRequest` is no bytes at all, and receivers take it (OTLP specification: "MUST accept"). */
const EMPTY_REQUEST = new Uint8Array();

/** Where the configuration sets no limit: people wait no longer. */
const TIMEOUT_MS = 10_000;

/** Shorter values of headers, such as `1` or a tenant, are no secrets but would tear words apart. */
const SECRET_MIN_CHARACTERS = 6;

/** `isConfiguration`: a file that the settings name can't be used, so the daemon would not start. */
export type ExporterFinding = Finding & { readonly isConfiguration?: true };

/** Sends one signal's endpoint an empty request, as the daemon would send records, and says what came back. */
export async function checkExporter(
  signal: SignalKind,
  exporters: ExporterOptions,
  clock: Clock,
): Promise<ExporterFinding> {
  const exporter = exporters[signal];
  const variable = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  if (exporter.type === "none")
    return { level: "none", columns: [signal, "none", `goes nowhere: ${variable} says so`] };
  if (exporter.type === "console")
    return { level: "ok", columns: [signal, "console", "goes to standard output"] };
  const { protocol } = exporter;
  const columns = (what: string): readonly string[] => [
    signal,
    protocol,
    withoutSecrets(exporter.endpoint),
    what,
  ];
  const transport = await createTransport(exporter, signal, clock);
  if (transport instanceof Error) {
    return {
      level: "fail",
      columns: columns("not tried"),
      details: [transport.message],
      advice: "correct the file that OTEL_EXPORTER_OTLP_CERTIFICATE and its like name",
      isConfiguration: true,
    };
  }
  try {
    const patience =
      exporter.timeoutMs === 0 ? AbortSignal.timeout(TIMEOUT_MS) : new AbortController().signal;
    const result = await transport.send(EMPTY_REQUEST, patience);
    if (result.type === "accepted")
      return { level: "ok", columns: columns("took an empty request") };
    const { what, details, advice } = explain(result, exporter);
    const told = details.map((text) => withoutValues(text, exporter.headers));
    return { level: "fail", columns: columns(what), details: told, advice };
  } finally {
    await transport.close();
  }
}

type Explanation = {
  readonly what: string;
  readonly details: readonly string[];
  readonly advice: string;
};

type Failure = Exclude<SendResult, { readonly type: "accepted" }>;

type Diagnosis = {
  /** Matched against the code on the chain of causes, then against the message. */
  readonly signs: RegExp;
  readonly what: string;
  readonly advice: (options: OtlpOptions) => string;
};

const OTHER_PROTOCOL =
  "is it the port of the other protocol? OTEL_EXPORTER_OTLP_PROTOCOL=grpc is 4317 by default, http/protobuf is 4318";

/** First match counts. */
const DIAGNOSES: readonly Diagnosis[] = [
  {
    signs: /ECONNREFUSED/,
    what: "refused",
    advice: ({ protocol }) =>
      `nothing listens there: is the collector up, and does its otlp receiver listen on this address? The default is ${
        protocol === "grpc" ? "4317 for grpc" : "4318 for http/protobuf"
      }; set OTEL_EXPORTER_OTLP_ENDPOINT`,
  },
  {
    signs: /ENOTFOUND|EAI_AGAIN/,
    what: "no such host",
    advice: () => "its name does not resolve here: correct OTEL_EXPORTER_OTLP_ENDPOINT",
  },
  {
    signs: /EHOSTUNREACH|ENETUNREACH/,
    what: "no route",
    advice: () => "is a VPN or a network policy in the way?",
  },
  {
    signs: /ALTNAME_INVALID/,
    what: "TLS: its certificate is for another name",
    advice: () => "OTEL_EXPORTER_OTLP_ENDPOINT must have the name that the certificate has",
  },
  {
    signs: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    what: "TLS: its certificate is not valid now",
    advice: () => "renew the collector's certificate, or set the clock right",
  },
  {
    signs: /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|self.signed|unable to (verify|get)/,
    what: "TLS: its certificate is not trusted",
    advice: () => "name the authority that signed it in OTEL_EXPORTER_OTLP_CERTIFICATE",
  },
  {
    signs: /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/i,
    what: "TLS: it does not take our certificate",
    advice: () =>
      "it asks for a client certificate that it trusts: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY",
  },
  {
    signs: /EPROTO|ERR_SSL|wrong version number/i,
    what: "TLS: it speaks none there",
    advice: () => "use http:// in OTEL_EXPORTER_OTLP_ENDPOINT, or the port with TLS",
  },
  {
    signs: /no answer within|no connection within|no answer to a ping|ETIMEDOUT|CONNECT_TIMEOUT/,
    what: "timeout",
    advice: () =>
      `it does not answer in time: is a firewall or a network policy in the way? Else ${OTHER_PROTOCOL}`,
  },
  {
    signs: /answered (UNIMPLEMENTED|404|405)/,
    what: "it does not take this signal there",
    advice: ({ protocol }) =>
      protocol === "grpc"
        ? "give the collector a pipeline for this signal with the otlp receiver; or is it no OTLP endpoint?"
        : "give the collector a pipeline for this signal with the otlp receiver; the path is /v1/logs or /v1/metrics, which only OTEL_EXPORTER_OTLP_ENDPOINT gets appended",
  },
  {
    signs: /answered (UNAUTHENTICATED|PERMISSION_DENIED|401|403)/,
    what: "it does not know us",
    advice: () => "give it what it wants in OTEL_EXPORTER_OTLP_HEADERS, such as authorization=…",
  },
  {
    signs: /answered (RESOURCE_EXHAUSTED|UNAVAILABLE|429|502|503|504)/,
    what: "it takes nothing now",
    advice: () => "it is there but overloaded, or what stands behind it is away: see its own log",
  },
  {
    signs: /web page|content type|protocol error|does not match the HTTP|ERR_HTTP2|HPE_/i,
    what: "it speaks something else",
    advice: () => OTHER_PROTOCOL,
  },
  {
    signs: /other side closed|ECONNRESET|EPIPE|socket/i,
    what: "it closes the connection",
    // TLS 1.3 servers tell only after the handshake that a certificate is wanted, and many just close.
    advice: ({ endpoint, clientCertificateFile }) =>
      endpoint.startsWith("https:") && clientCertificateFile === undefined
        ? `does it want a client certificate? Then set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY; else ${OTHER_PROTOCOL}`
        : OTHER_PROTOCOL,
  },
];

/** What a failure means, and what would help; what came back stands in the details. */
function explain(failure: Failure, options: OtlpOptions): Explanation {
  if (failure.type === "aborted")
    return {
      what: "timeout",
      details: [`no answer within ${TIMEOUT_MS} ms`],
      advice: `it does not answer: ${OTHER_PROTOCOL}`,
    };
  const { error } = failure;
  const signs = [...codesOf(error), error.message].join(" ");
  const diagnosis = DIAGNOSES.find((candidate) => candidate.signs.test(signs));
  return {
    what: diagnosis?.what ?? "it refused the request",
    details: [error.message],
    advice: diagnosis?.advice(options) ?? "see the collector's own log for the reason",
  };
}

function codesOf(error: Error): readonly string[] {
  const codes: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const code = fieldAt(current, "code");
    if (typeof code === "string") codes.push(code);
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return codes;
}

/** Receivers repeat what they don't accept, in what they say why; reports get into tickets. */
function withoutValues(text: string, headers: OtlpOptions["headers"]): string {
  const secrets = Object.values(headers)
    // `Bearer …` may be repeated without its scheme.
    .flatMap((value) => [value, value.replace(/^\S+\s+/, "")])
    .filter((value) => value.length >= SECRET_MIN_CHARACTERS);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text);
}

/** People put keys into the query, and passwords before the host. */
function withoutSecrets(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return pathname === "/" ? origin : `${origin}${pathname}`;
}
