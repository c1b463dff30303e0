import { canonicalJson } from "../../util/canonical-json.ts";
import { isMap, type JsonMap } from "../../util/json.ts";
import { redactHeader } from "./redact-header.ts";
import { redactText } from "./redact-text.ts";
import type { Rules } from "./rules.ts";

/** What lies deeper becomes a placeholder as a whole: walking it could overflow the stack. */
const MAX_DEPTH = 100;

/** `--token`, `-password`: the secret is the next element of the list. */
const FLAG = /^--?([A-Za-z][\w.-]*)$/;

/** Redacts any JSON value; structure is shared with the input wherever nothing was touched. */
function redactValue(rules: Rules, value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(rules, value, redactValue);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return rules.mark(canonicalJson(value));
  if (Array.isArray(value)) return redactList(rules, value, depth);
  return isMap(value) ? redactMap(rules, value, depth) : value;
}

/** As `redactValue`, for a map: fields by their names, `{name, value}` entries by the name in them, Secrets by their kind. */
export function redactMap(rules: Rules, map: JsonMap, depth: number): JsonMap {
  let copy: Record<string, unknown> | undefined;
  let isEntry = false;
  let isSecret = false;
  for (const name in map) {
    const value = map[name];
    if (typeof value === "string") {
      isEntry ||= name === "value";
      isSecret ||= name === "kind" && value === "Secret";
    }
    const next: unknown = redactField(rules, name, { value, depth });
    if (next !== value) (copy ??= { ...map })[name] = next;
  }
  const redacted = copy ?? map;
  if (isEntry) return redactEntry(rules, map, redacted);
  return isSecret && map["apiVersion"] === "v1"
    ? redactSecretObject(rules, map, redacted)
    : redacted;
}

/** A string under a field name. */
export function redactNamed(rules: Rules, name: string, value: string): string {
  switch (rules.classify(name)) {
    case "secret":
      return rules.mark(value);
    case "header":
      return redactHeader(rules, value);
    case "plain":
    case "reference":
      return redactText(rules, value, redactValue);
  }
}

function redactField(
  rules: Rules,
  name: string,
  field: { readonly value: unknown; readonly depth: number },
): unknown {
  const { value, depth } = field;
  if (typeof value === "string") return redactNamed(rules, name, value);
  if (typeof value !== "object" || value === null) return value;
  switch (rules.classify(name)) {
    case "secret":
      return redactSecret(rules, value, depth + 1);
    case "header":
      return redactHeaders(rules, value, depth + 1);
    case "plain":
    case "reference":
      return redactValue(rules, value, depth + 1);
  }
}

function redactList(rules: Rules, list: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  let afterFlag = false;
  for (const [index, value] of list.entries()) {
    const next: unknown =
      afterFlag && typeof value === "string" && !value.startsWith("-")
        ? rules.mark(value)
        : redactValue(rules, value, depth + 1);
    if (next !== value) (copy ??= [...list])[index] = next;
    afterFlag = typeof value === "string" && value.startsWith("-") && isSecretFlag(rules, value);
  }
  return copy ?? list;
}

function isSecretFlag(rules: Rules, value: string): boolean {
  const [, name] = FLAG.exec(value) ?? [];
  return name !== undefined && rules.classify(name) === "secret";
}

/**
 * A value under a secret key: every string in it goes, in lists and maps however deep, but for what a map says about
 * where the secret is to be found: names, references, and `key` or `items` beside them.
 */
function redactSecret(rules: Rules, value: unknown, depth: number): unknown {
  if (typeof value === "string") return rules.mark(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return rules.mark(canonicalJson(value));
  if (Array.isArray(value))
    return shareList(value, (element) => redactSecret(rules, element, depth + 1));
  return isMap(value) ? redactSecretMap(rules, value, depth) : value;
}

function redactSecretMap(rules: Rules, map: JsonMap, depth: number): JsonMap {
  const pointsTo =
    typeof map["name"] === "string" ||
    typeof map["path"] === "string" ||
    typeof map["secretName"] === "string";
  return shareMap(map, (value, name) => {
    const stays = name === "key" ? pointsTo : rules.classify(name) === "reference";
    return stays ? redactValue(rules, value, depth + 1) : redactSecret(rules, value, depth + 1);
  });
}

/** `authorization` names a header when it holds strings, and a block of settings when it holds a map. */
function redactHeaders(rules: Rules, value: object, depth: number): unknown {
  if (!Array.isArray(value)) return redactValue(rules, value, depth);
  return shareList(value, (element) =>
    typeof element === "string"
      ? redactHeader(rules, element)
      : redactValue(rules, element, depth + 1),
  );
}

/** `{name: DB_PASSWORD, value: x}`, as in env, in HTTP headers and in parameters of many kinds. */
function redactEntry(rules: Rules, map: JsonMap, redacted: JsonMap): JsonMap {
  const { name = map["key"], value } = map;
  if (typeof name !== "string" || typeof value !== "string") return redacted;
  const kind = rules.classify(name);
  if (kind !== "secret" && kind !== "header") return redacted;
  const next = kind === "secret" ? rules.mark(value) : redactHeader(rules, value);
  return next === redacted["value"] ? redacted : { ...redacted, value: next };
}

/** A core Secret, also one that another object carries: all values of `data` and `stringData`, binary or not; key names stay. */
function redactSecretObject(rules: Rules, map: JsonMap, redacted: JsonMap): JsonMap {
  return shareMap(redacted, (value, name) => {
    const original = map[name];
    if ((name !== "data" && name !== "stringData") || !isMap(original)) return value;
    return shareMap(original, (secret) =>
      rules.conceal(typeof secret === "string" ? secret : canonicalJson(secret)),
    );
  });
}

function shareMap(map: JsonMap, redact: (value: unknown, name: string) => unknown): JsonMap {
  let copy: Record<string, unknown> | undefined;
  for (const name in map) {
    const next: unknown = redact(map[name], name);
    if (next !== map[name]) (copy ??= { ...map })[name] = next;
  }
  return copy ?? map;
}

function shareList(
  list: readonly unknown[],
  redact: (value: unknown) => unknown,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [index, value] of list.entries()) {
    const next = redact(value);
    if (next !== value) (copy ??= [...list])[index] = next;
  }
  return copy ?? list;
}
