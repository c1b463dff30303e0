import type { Parsed } from "./exporter-settings.ts";

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Scheme, host and port of a gRPC receiver: `http` is cleartext, `https` TLS; without a scheme `insecure` decides
 * (OpenTelemetry specification, "OpenTelemetry Protocol Exporter", Insecure).
 */
export function parseGrpcEndpoint(text: string, insecure: boolean): Parsed<string> {
  const parsed = parseUrl(
    SCHEME.test(text) ? text : `${insecure ? "http" : "https"}://${text}`,
    text,
  );
  if ("problem" in parsed) return parsed;
  const { origin, pathname, search, hash } = parsed.value;
  if (pathname !== "/" || search !== "" || hash !== "") {
    return {
      problem:
        "must end after the port for gRPC: for a URL with a path set the protocol to http/protobuf",
    };
  }
  return { value: origin };
}

/** The URL of an HTTP receiver, with `append` joined to its path if given. */
export function parseHttpEndpoint(text: string, append: string | undefined): Parsed<string> {
  if (!SCHEME.test(text))
    return { problem: "must begin with http:// or https:// for http/protobuf" };
  const parsed = parseUrl(text, text);
  if ("problem" in parsed) return parsed;
  const url = parsed.value;
  url.hash = "";
  if (append !== undefined) url.pathname = `${url.pathname.replace(/\/+$/, "")}/${append}`;
  return { value: url.href };
}

function parseUrl(url: string, given: string): Parsed<URL> {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "")
    return { problem: "must be a URL such as http://collector:4317" };
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:")
    return { problem: "must begin with http:// or https://" };
  if (parsed.username !== "" || parsed.password !== "") {
    const shown = given.replace(/\/\/.*@|^[^/]*@/, (credentials) =>
      credentials.startsWith("//") ? "//…@" : "…@",
    );
    return {
      problem:
        "must not hold a user or password: set an authorization header by OTEL_EXPORTER_OTLP_HEADERS",
      shown,
    };
  }
  return { value: parsed };
}
