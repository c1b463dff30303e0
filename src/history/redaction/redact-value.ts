import { canonicalJson } from "../../util/canonical-json.ts";
import { isMap, type JsonMap } from "../../util/json.ts";
import { redactHeader } from "./redact-header.ts";
import { redactText } from "./redact-text.ts";
import type { Rules } from "./rules.ts";
import { ENTRY_VALUES, type KeyFacts, SECRET_VALUES } from "./secret-key.ts";

/** What lies deeper becomes a placeholder as a whole: walking it could overflow the stack. */
const MAX_DEPTH = 100;

/** `--token`, `-password`: the secret is the next element of the list. */
const FLAG = /^--?([A-Za-z][\w.-]*)$/;

/** Longer ones are rather numeric tokens. */
const COUNT = /^\d{1,12}$/;

const TEXT = { redactValue, isProse: false };
const PROSE = { redactValue, isProse: true };

/** Redacts any JSON value; structure is shared with the input wherever nothing was touched. */
function redactValue(rules: Rules, value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(rules, value, TEXT);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return rules.mark(canonicalJson(value));
  if (Array.isArray(value)) return redactList(rules, value, depth);
  return isMap(value) ? redactMap(rules, value, depth) : value;
}

/** As `redactValue`, for a map: fields by their names, `{name, value}` entries by the name in them, Secrets by their kind. */
export function redactMap(rules: Rules, map: JsonMap, depth: number): JsonMap {
  let copy: Record<string, unknown> | undefined;
  let isSpecial = false;
  for (const name in map) {
    const value = map[name];
    const facts = rules.learn(name);
    isSpecial ||= facts.isSpecial;
    // Most values are strings under plain names, or scalars: nothing is made to pass them on.
    if (holdsNoText(value)) continue;
    // As a whole, below: what is harmless by its looks would be remembered.
    if (facts.mayBeConcealed && isConcealed(rules, map, name)) continue;
    const next: unknown =
      typeof value !== "string"
        ? redactField(rules, facts, { value, depth })
        : facts.class === "secret"
          ? redactSecretString(rules, facts, { name, value, map })
          : redactAs(rules, facts, value);
    if (next !== value) (copy ??= { ...map })[name] = next;
  }
  const redacted = copy ?? map;
  return isSpecial ? redactSpecial(rules, map, { redacted, depth }) : redacted;
}

function holdsNoText(value: unknown): boolean {
  return typeof value !== "string" && (typeof value !== "object" || value === null);
}

/** Whether `redactSpecial` takes what stands under this name, whatever became of it before. */
function isConcealed(rules: Rules, map: JsonMap, name: string): boolean {
  if (SECRET_VALUES.has(name)) return isCoreSecret(map) && isMap(map[name]);
  const entry = nameOfEntry(map);
  const kind = entry === undefined ? "plain" : rules.classify(entry);
  return kind === "secret" || kind === "header";
}

type Redacted = { readonly redacted: JsonMap; readonly depth: number };

/** What takes more than one field of a map to see, and names that may hold something themselves. */
function redactSpecial(rules: Rules, map: JsonMap, { redacted, depth }: Redacted): JsonMap {
  const next = redactEntry(rules, map, { redacted, depth });
  return redactKeys(rules, isCoreSecret(map) ? redactSecretObject(rules, map, next) : next);
}

function isCoreSecret({ kind, apiVersion }: JsonMap): boolean {
  return kind === "Secret" && (apiVersion === "v1" || apiVersion === undefined);
}

/** The names themselves, which may be URLs with a password in them. */
function redactKeys(rules: Rules, map: JsonMap): JsonMap {
  const names = Object.keys(map);
  if (!names.some((name) => rules.learn(name).mayHoldSecret)) return map;
  let isChanged = false;
  const entries = Object.entries(map).map(([name, value]) => {
    const next = rules.learn(name).mayHoldSecret ? redactText(rules, name, TEXT) : name;
    isChanged ||= next !== name;
    return [next, value] as const;
  });
  return isChanged ? Object.fromEntries(entries) : map;
}

/** A string under a field name. */
export function redactNamed(rules: Rules, name: string, value: string): string {
  return redactAs(rules, rules.learn(name), value);
}

function redactAs(rules: Rules, facts: KeyFacts, value: string): string {
  switch (facts.class) {
    case "secret":
      return facts.mayCount && COUNT.test(value) ? value : rules.mark(value);
    case "header":
      return redactHeader(rules, value);
    case "plain":
    case "reference":
    case "registries":
    case "schema":
      return redactText(rules, value, facts.isProse ? PROSE : TEXT);
  }
}

function redactSecretString(
  rules: Rules,
  facts: KeyFacts,
  field: { readonly name: string; readonly value: string; readonly map: JsonMap },
): string {
  const { name, value, map } = field;
  // ExternalSecrets: under which key of the Secret the remote value is put.
  const isKeyOfSecret = name === "secretKey" && isMap(map["remoteRef"]);
  return isKeyOfSecret ? redactText(rules, value, TEXT) : redactAs(rules, facts, value);
}

function redactField(
  rules: Rules,
  facts: KeyFacts,
  field: { readonly value: unknown; readonly depth: number },
): unknown {
  const { value, depth } = field;
  if (typeof value === "string") return redactAs(rules, facts, value);
  if (typeof value !== "object" || value === null) return value;
  switch (facts.class) {
    case "secret":
      return redactSecret(rules, value, depth + 1);
    case "header":
      return redactHeaders(rules, value, depth + 1);
    case "registries":
      return redactRegistries(rules, value, depth + 1);
    case "schema":
      return isMap(value)
        ? redactSchema(rules, value, depth + 1)
        : redactValue(rules, value, depth + 1);
    case "plain":
    case "reference":
      return redactValue(rules, value, depth + 1);
  }
}

/** `{"ghcr.io": {"auth": "base64 of user:password"}}`. */
function redactRegistries(rules: Rules, value: object, depth: number): unknown {
  const redacted = redactValue(rules, value, depth);
  if (!isMap(redacted)) return redacted;
  return shareMap(redacted, (registry) =>
    isMap(registry)
      ? shareMap(registry, (text, name) =>
          name === "auth" && typeof text === "string" ? rules.mark(text) : text,
        )
      : registry,
  );
}

/** An OpenAPI schema: names beneath `properties` are those of fields elsewhere, and what stands under them describes these. */
function redactSchema(rules: Rules, schema: JsonMap, depth: number): JsonMap {
  if (depth > MAX_DEPTH) return redactMap(rules, schema, depth);
  return shareMap(schema, (value, name) => {
    if (name === "properties" && isMap(value))
      return shareMap(value, (property, field) =>
        isMap(property)
          ? redactSchema(rules, property, depth + 2)
          : redactField(rules, rules.learn(field), { value: property, depth: depth + 1 }),
      );
    return (name === "items" || name === "additionalProperties") && isMap(value)
      ? redactSchema(rules, value, depth + 1)
      : redactField(rules, rules.learn(name), { value, depth });
  });
}

function redactList(rules: Rules, list: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  let afterFlag = false;
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
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
  const redacted = shareMap(map, (value, name) =>
    staysInSecret(rules, name, { value, pointsTo })
      ? redactValue(rules, value, depth + 1)
      : redactSecret(rules, value, depth + 1),
  );
  return redactKeys(rules, redacted);
}

function staysInSecret(
  rules: Rules,
  name: string,
  field: { readonly value: unknown; readonly pointsTo: boolean },
): boolean {
  if (name === "key") return field.pointsTo;
  // The metadata of `secretTemplate`.
  if (name === "annotations" || name === "labels") return isMap(field.value);
  return rules.classify(name) === "reference";
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
function redactEntry(rules: Rules, map: JsonMap, { redacted, depth }: Redacted): JsonMap {
  const name = nameOfEntry(map);
  if (name === undefined) return redacted;
  const kind = rules.classify(name);
  if (kind !== "secret" && kind !== "header") return redacted;
  return shareMap(redacted, (next, place) => {
    if (!ENTRY_VALUES.has(place)) return next;
    const value = map[place];
    if (typeof value === "string") return redactNamed(rules, name, value);
    if (typeof value !== "object" || value === null) return next;
    return kind === "secret"
      ? redactSecret(rules, value, depth + 1)
      : redactHeaders(rules, value, depth + 1);
  });
}

function nameOfEntry(map: JsonMap): string | undefined {
  const name = map["name"] ?? map["key"] ?? map["Name"] ?? map["Key"];
  return typeof name === "string" ? name : undefined;
}

/** A core Secret, also one that another object carries: all values of `data` and `stringData`, binary or not; key names stay. */
function redactSecretObject(rules: Rules, map: JsonMap, redacted: JsonMap): JsonMap {
  return shareMap(redacted, (value, name) => {
    const original = map[name];
    if (!SECRET_VALUES.has(name) || !isMap(original)) return value;
    const concealed = shareMap(original, (secret) =>
      rules.conceal(typeof secret === "string" ? secret : canonicalJson(secret)),
    );
    return redactKeys(rules, concealed);
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
