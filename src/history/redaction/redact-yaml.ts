import type { Rules } from "./rules.ts";
import { blockAfter } from "./yaml-place.ts";
import { endOfLine } from "./value-end.ts";
import { TextEdit } from "./text-edit.ts";

/** Indentation and dashes, perhaps a key, the rest. */
const LINE = /^\s*(?:-[ \t]+)*(?:(["']?[\w./-]+["']?)[ \t]*:(?:[ \t]+|$))?(.*)$/s;
const NO_SCALAR = /^(?:[&!]\S{0,100}(?:[ \t]{1,20}|$)){0,3}(?:[|>][0-9+-]{0,2})?$/;

/** The lines beneath a secret key: every scalar and comment goes, but for those under keys that say where the secret is to be found. */
export function redactYamlBlock(rules: Rules, block: string): string {
  return mapLines(block, (line) =>
    redactYamlLine(rules, line, (key) => rules.classify(key) !== "reference"),
  );
}

/** The values of `data` and `stringData` in the documents of a YAML text that are Secrets, and in those that stand in flow style or as JSON. */
export function redactYamlSecrets(rules: Rules, text: string): string {
  if (!text.includes("Secret") || !SECRET_KIND.test(text)) return text;
  return redactFlowSecrets(rules, text)
    .split(/^(?=---)/m)
    .map((document) =>
      /^[ \t-]*kind:[ \t]*["']?Secret["']?[ \t\r]*$/m.test(document)
        ? redactYamlSecret(rules, document)
        : document,
    )
    .join("");
}

const SECRET_KIND = /\bkind\\{0,3}["']?[ \t]{0,20}:[ \t]{0,20}\\{0,3}["']?Secret\b/;
const FLOW_DATA =
  /((?:\bdata|\bstringData)\\{0,3}["']?[ \t]{0,20}:\s{0,20}\{)([^{}]*[^{}\s][^{}]*)(?=\})/g;

/** `{kind: Secret, data: {a: x}}` within a text, be it YAML or JSON: what the data holds goes as a whole. */
function redactFlowSecrets(rules: Rules, text: string): string {
  return text.replaceAll(
    FLOW_DATA,
    (_all, before: string, data: string) => before + rules.conceal(data),
  );
}

const SECRET_DATA = /^([ \t-]*)(?:data|stringData):[ \t\r]*$/gm;

function redactYamlSecret(rules: Rules, document: string): string {
  const edit = new TextEdit(document);
  for (const match of document.matchAll(SECRET_DATA)) {
    const block = blockAfter(document, endOfLine(document, match.index), match[1]?.length ?? 0);
    if (block === undefined || block.from < edit.doneTo) continue;
    const redacted = mapLines(document.slice(block.from, block.to), (line) =>
      redactYamlLine(rules, line, () => true),
    );
    edit.replace(block.from, block.to, redacted);
  }
  return edit.finish();
}

function redactYamlLine(rules: Rules, line: string, goes: (key: string) => boolean): string {
  const [, key, rest = ""] = LINE.exec(line) ?? [];
  const value = rest.trim();
  const quote = /^(["']).*\1$/s.exec(value)?.[1] ?? "";
  if (NO_SCALAR.test(value) || (key !== undefined && !goes(key.replaceAll(/["']/g, ""))))
    return line;
  const marked = rules.mark(value.slice(quote.length, value.length - quote.length));
  return line.slice(0, line.length - rest.length) + quote + marked + quote;
}

function mapLines(text: string, map: (line: string) => string): string {
  return text
    .split("\n")
    .map((line) => (line.endsWith("\r") ? `${map(line.slice(0, -1))}\r` : map(line)))
    .join("\n");
}
