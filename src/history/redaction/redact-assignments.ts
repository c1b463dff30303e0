import { findAssignment, type Assignment } from "./find-assignment.ts";
import { redactHeader } from "./redact-header.ts";
import { redactYamlBlock, redactYamlSecrets } from "./redact-yaml.ts";
import type { Rules } from "./rules.ts";
import { TextEdit } from "./text-edit.ts";

const SECRET_WORD =
  /pass|pwd|secret|token|credential|authorization|private[-_. ]?key|api[-_. ]?key|access[-_. ]?key|signing[-_. ]?key|encryption[-_. ]?key|account[-_. ]?key|dsn|masterauth|connection[-_. ]?string/gi;
const KEY_CHARACTER = /[\w.\-/]/;
/** Kubernetes' longest key is a domain of 253 characters, `/`, and 63 more. */
const KEY_LENGTH_MAX = 320;

/**
 * Redacts what is assigned to names that tell of a secret: `password: x` in YAML, `"password":"x"` in JSON,
 * `PASSWORD=x` in dotenv, `Password=x;` in connection strings, `--password=x`, `--password x`, `<password>x</password>`,
 * `name: DB_PASSWORD` followed by `value: x`. In a line of prose a colon is believed only before what looks like a secret.
 */
export function redactAssignments(rules: Rules, text: string, isProse: boolean): string {
  const input = redactYamlSecrets(rules, text);
  const edit = new TextEdit(input);
  SECRET_WORD.lastIndex = 0;
  for (let match = SECRET_WORD.exec(input); match !== null; match = SECRET_WORD.exec(input)) {
    const start = startOfKey(input, match.index, edit.doneTo);
    const end = endOfKey(input, SECRET_WORD.lastIndex);
    const assignment = assignmentOf(rules, input, { start, end, isProse });
    if (assignment !== undefined)
      edit.replace(assignment.from, assignment.to, redactAssigned(rules, assignment));
    SECRET_WORD.lastIndex = Math.max(end, assignment?.to ?? 0);
  }
  return edit.finish();
}

function assignmentOf(
  rules: Rules,
  text: string,
  key: { readonly start: number; readonly end: number; readonly isProse: boolean },
): Assignment | undefined {
  const name = text.slice(key.start, key.end);
  const kind = rules.classify(name.replace(/^-+/, ""));
  if (kind !== "secret" && kind !== "header") return undefined;
  return findAssignment(text, { ...key, name, isHeader: kind === "header" });
}

function redactAssigned(rules: Rules, assignment: Assignment): string {
  switch (assignment.type) {
    case "scalar":
      return rules.mark(assignment.value);
    case "header":
      return redactHeader(rules, assignment.value);
    case "text-block":
      return `${/^\s*/.exec(assignment.value)?.[0] ?? ""}${rules.mark(assignment.value.trim())}`;
    case "nested-block":
      return redactYamlBlock(rules, assignment.value);
  }
}

function startOfKey(text: string, index: number, notBefore: number): number {
  const limit = Math.max(notBefore, index - KEY_LENGTH_MAX);
  let start = index;
  while (start > limit && KEY_CHARACTER.test(text.charAt(start - 1))) start--;
  return start;
}

function endOfKey(text: string, index: number): number {
  const limit = Math.min(text.length, index + KEY_LENGTH_MAX);
  let end = index;
  while (end < limit && KEY_CHARACTER.test(text.charAt(end))) end++;
  return end;
}
