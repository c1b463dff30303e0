import { redactAssignments } from "./redact-assignments.ts";
import { redactBearers, redactJwts, redactPrivateKeys, redactUrls } from "./redact-tokens.ts";
import { redactDsns } from "./redact-dsns.ts";
import type { Rules } from "./rules.ts";

/** The fast way out: a string in which none of these stands holds nothing that any rule looks for. */
const MAY_HOLD_SECRET =
  /:\/\/|-----BEGIN|LS0tLS1CRUdJTi|eyJ|pass|pwd|secret|token|credential|[^a-z]key|[ieasgnt]key|connection|auth[os]|rauth|dsn|@tcp|@unix|bearer|basic/i;
/** The shortest is `pwd=x`. */
const MIN_LENGTH = 5;
/** What one round leaves may read differently once its neighbour is a placeholder; two rounds settle it in practice. */
const ROUNDS_MAX = 5;

type RedactValue = (rules: Rules, value: unknown, depth: number) => unknown;

type TextOptions = {
  readonly redactValue: RedactValue;
  /** It was written for people: what follows a colon in a single line may be a sentence. */
  readonly isProse: boolean;
};

/**
 * Redacts the secrets that stand in a string: a whole JSON document by the rules for values (`redactValue`), anything
 * else (YAML, dotenv, connection strings, command lines, URLs, prose) by patterns. Linear in the text's length.
 */
export function redactText(rules: Rules, text: string, options: TextOptions): string {
  if (text.length < MIN_LENGTH || !MAY_HOLD_SECRET.test(text)) return text;
  const harmless = options.isProse ? rules.harmless.prose : rules.harmless.texts;
  if (harmless.has(text)) return text;
  const redacted = redactSuspect(rules, text, options);
  // The rules of one redactor make the same of the same text, wherever it stands.
  if (redacted === text) harmless.add(text);
  return redacted;
}

function redactSuspect(rules: Rules, text: string, options: TextOptions): string {
  const document = parseDocument(text);
  if (document !== undefined) {
    const redacted = options.redactValue(rules, document, 0);
    return redacted === document ? text : JSON.stringify(redacted);
  }
  const isProse = options.isProse && !text.includes("\n");
  let current = text;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = redactPatterns(rules, current, isProse);
    if (next === current) break;
    current = next;
  }
  return current;
}

function redactPatterns(rules: Rules, text: string, isProse: boolean): string {
  // Keys first: they span lines, of which an assignment would take only the first.
  const withoutKeys = redactPrivateKeys(rules, text);
  const withoutAssignments = redactAssignments(rules, redactDsns(rules, withoutKeys), isProse);
  return redactBearers(rules, redactUrls(rules, redactJwts(rules, withoutAssignments)));
}

/** A string that is a JSON map or list as a whole. */
function parseDocument(text: string): object | undefined {
  const trimmed = text.trim();
  const isBracketed =
    (trimmed.startsWith("{") && trimmed.endsWith("}")) ||
    (trimmed.startsWith("[") && trimmed.endsWith("]"));
  if (!isBracketed) return undefined;
  try {
    const parsed: unknown = JSON.parse(trimmed);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
