import { fieldAt } from "../util/json.ts";

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: is the API server up, and is the address right?",
  ENOTFOUND: "its name does not resolve: is the address right?",
  EAI_AGAIN: "its name does not resolve at present: is DNS reachable?",
  ECONNRESET: "the other side closed the connection",
  EHOSTUNREACH: "there is no route to it: is a VPN or a network policy in the way?",
  ENETUNREACH: "there is no route to it: is a VPN or a network policy in the way?",
  ETIMEDOUT: "it did not answer in time: is a firewall or a network policy in the way?",
  UND_ERR_CONNECT_TIMEOUT:
    "it took no connection in time: is a firewall or a network policy in the way?",
  UND_ERR_HEADERS_TIMEOUT: "it took the request and answered nothing in time",
  UND_ERR_BODY_TIMEOUT: "its answer stopped in the middle",
  UND_ERR_SOCKET: "the other side closed the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is not signed by the cluster's CA: is certificate-authority(-data) right?",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate is not signed by the cluster's CA: is certificate-authority(-data) right?",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is not signed by the cluster's CA: is certificate-authority(-data) right?",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is not signed by the cluster's CA: is certificate-authority(-data) right?",
  // A CA that was renewed under its old name, as the cluster's own always is.
  CERT_SIGNATURE_FAILURE:
    "its certificate is not signed by the cluster's CA: is certificate-authority(-data) right?",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name: is the address or tls-server-name right?",
};

const UNTRUSTED =
  "its certificate is signed by no CA that is trusted here: not by the cluster's, nor by a public one";

const PROXY_HINTS: Readonly<Record<string, string>> = {
  ...HINTS,
  ECONNREFUSED: "nothing listens there: is the proxy up, and is its address right?",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name: is its address right?",
};

/** The way to the API server ends at a proxy; the message says why, in words, and what it was caused by says no more. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
}

/** As `describeNetworkError`, of a connection to a proxy. */
export function describeProxyError(error: unknown): string {
  return describe(error, PROXY_HINTS);
}

/**
 * What went wrong with a connection, in words: the first code on the chain of causes (Node's, OpenSSL's or undici's)
 * that says something, what it means, and what would help.
 */
export function describeNetworkError(error: unknown): string {
  return describe(error, HINTS);
}

function describe(error: unknown, hints: Readonly<Record<string, string>>): string {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth++) {
    if (current instanceof ProxyError) return current.message;
    const code = fieldAt(current, "code");
    const hint = typeof code === "string" ? hints[code] : undefined;
    if (hint !== undefined) return `${String(code)}, ${hint}`;
    if (current instanceof Error && current.message !== "") messages.push(current.message);
    current = current instanceof AggregateError ? current.errors[0] : fieldAt(current, "cause");
  }
  return messages.length === 0 ? String(error) : messages.join(": ");
}
