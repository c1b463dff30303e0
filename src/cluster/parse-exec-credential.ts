import { fieldAt } from "../util/json.ts";
import { parseRfc3339Ms } from "../util/rfc3339.ts";
import { parseJson } from "../util/parse-json.ts";

/** What an exec plugin gave: a token, a client certificate with its key (PEM), or both. */
export type ExecCredential = {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Unix milliseconds; absent: good until it is rejected. */
  readonly expiresAtMs?: number;
};

/** `problem` completes "the answer …" and repeats nothing of it, as a token may stand there. */
export type ParsedExecCredential =
  | { readonly type: "credential"; readonly credential: ExecCredential }
  | { readonly type: "unusable"; readonly problem: string };

/**
 * Reads an `ExecCredential` of `client.authentication.k8s.io`; its `status` has been the same in every version, so that
 * one of another version than was asked for is taken, other than by client-go.
 */
export function parseExecCredential(text: string): ParsedExecCredential {
  const parsed = parseJson(text);
  if (parsed.type === "not-json") return { type: "unusable", problem: parsed.problem };
  const status = fieldAt(parsed.value, "status");
  const token = nonEmpty(fieldAt(status, "token"));
  const cert = nonEmpty(fieldAt(status, "clientCertificateData"));
  const key = nonEmpty(fieldAt(status, "clientKeyData"));
  if (token === undefined && cert === undefined)
    return unusable("has neither status.token nor status.clientCertificateData");
  if ((cert === undefined) !== (key === undefined))
    return unusable("has only one of status.clientCertificateData and status.clientKeyData");
  const expiry = nonEmpty(fieldAt(status, "expirationTimestamp"));
  const expiresAtMs = parseRfc3339Ms(expiry);
  if (expiry !== undefined && expiresAtMs === undefined)
    return unusable("has a status.expirationTimestamp that is no time");
  const credential = {
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
  return { type: "credential", credential };
}

function unusable(problem: string): ParsedExecCredential {
  return { type: "unusable", problem };
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
