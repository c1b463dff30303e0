import { request } from "undici";
import type { StateFacts } from "../store/inspect-database.ts";
import { fieldAt } from "../util/json.ts";
import { toError } from "../util/to-error.ts";
import { type DeadLetterAnswer, parseDeadLetterAnswer } from "./dead-letter-answer.ts";
import { formatHttpUrl, type HttpAddress } from "./http-address.ts";

/** What a daemon says about its state file. `nobody`: no daemon listens there. `failed`: something answered, but not that. */
export type DaemonAnswer<Facts = StateFacts> =
  | { readonly type: "answered"; readonly url: string; readonly facts: Facts }
  | { readonly type: "nobody"; readonly url: string }
  | { readonly type: "failed"; readonly url: string; readonly error: Error };

/** It reads all of its file before it answers: gigabytes, at worst. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Asks the daemon of this machine (of this pod) about its state file; `undefined` where the health server is off. */
export function askDaemonForState(address: HttpAddress): Promise<DaemonAnswer | undefined> {
  return ask(address, "/state", parseFacts);
}

/** The same for what the collector refused. */
export function askDaemonForDeadLetters(
  address: HttpAddress,
): Promise<DaemonAnswer<DeadLetterAnswer> | undefined> {
  return ask(address, "/dead-letters", parseDeadLetterAnswer);
}

async function ask<Facts>(
  address: HttpAddress,
  path: string,
  parse: (value: unknown) => Facts | undefined,
): Promise<DaemonAnswer<Facts> | undefined> {
  if (address.type === "off") return undefined;
  const url = formatHttpUrl({ host: reachableHost(address.host), port: address.port });
  try {
    const { statusCode, body } = await request(`${url}${path}`, {
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    });
    const text = await body.text();
    if (statusCode !== 200) {
      const said = text.trim().slice(0, 300);
      const error = new Error(`${url}${path} answered ${statusCode}: ${said}`);
      return { type: "failed", url, error };
    }
    const facts = parse(JSON.parse(text));
    if (facts !== undefined) return { type: "answered", url, facts };
    return { type: "failed", url, error: new Error(`${url}${path} answered no facts of a state`) };
  } catch (thrown) {
    const error = toError(thrown);
    if (fieldAt(error, "code") === "ECONNREFUSED") return { type: "nobody", url };
    return {
      type: "failed",
      url,
      error: new Error(`${url}${path}: ${error.message}`, { cause: error }),
    };
  }
}

/** Who listens on all addresses is found on the loopback one. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** Another program may have the port, or another version of ours. */
function parseFacts(value: unknown): StateFacts | undefined {
  const isComplete =
    typeof fieldAt(value, "path") === "string" &&
    Array.isArray(fieldAt(value, "damages")) &&
    [
      ["sizeBytes"],
      ["format"],
      ["objects"],
      ["watches"],
      ["outbox", "requests"],
      ["outbox", "records"],
      ["outbox", "bytes"],
      ["deadLetters", "records"],
      ["deadLetters", "bytes"],
    ].every((path) => typeof fieldAt(value, ...path) === "number");
  // All fields that are not optional were just looked at.
  return isComplete ? (value as StateFacts) : undefined;
}
