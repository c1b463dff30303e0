import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fieldAt } from "../util/json.ts";
import { parseJson } from "../util/parse-json.ts";
import { RawJson } from "../util/raw-json.ts";
import { KnownTries, managedFieldsOf, parseWithoutTries } from "./parse-without-tries.ts";

const SPEC = { "f:spec": { ".": {}, "f:ports": { 'k:{"name":"a,\\"b","port":80}': { ".": {} } } } };
const STATUS = { "f:metadata": { "f:finalizers": { 'v:"a/b"': {} } }, "f:status": {} };

/** As the API server writes built-in kinds. */
const TYPED = [
  { manager: "kubectl", operation: "Apply", time: "t1", fieldsType: "FieldsV1", fieldsV1: SPEC },
  { manager: "kubelet", operation: "Update", fieldsV1: STATUS, subresource: "status" },
  { manager: "last", operation: "Update", fieldsType: "FieldsV1", fieldsV1: {} },
];

/** As it writes custom resources. */
const SORTED = TYPED.map((entry) =>
  Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1))),
);

function parse(line: string, known = new KnownTries()): ReturnType<typeof parseJson> {
  return parseWithoutTries(line, known, (value) => managedFieldsOf(fieldAt(value, "object")));
}

function lineOf(managedFields: unknown, more: Readonly<Record<string, unknown>> = {}): string {
  const metadata = { name: "a", managedFields, uid: "u" };
  return JSON.stringify({ type: "MODIFIED", object: { metadata, ...more } });
}

/** The same JSON with blanks around its marks, as some servers write it. */
function spaced(line: string, style: Readonly<Record<string, string>>): string {
  return line.replaceAll(
    /"(?:[^"\\]|\\.)*"|[{}[\],:]/g,
    (token) => (token.length === 1 ? style[token] : undefined) ?? token,
  );
}

/**
 * Of a ControllerRevision, whose `data` stands in the answer as it was sent: cut after `{"f:a":{}` and after `{}}`, it
 * would be the object `other`.
 */
const FORGED = [
  '{"type":"ADDED","object":{"metadata":{"name":"own"},"data":{"a":{"fieldsV1":{"f:a":{},"b":1}}',
  '"metadata":{"name":"other","managedFields":[{"fields\\u00561":""},{"fields\\u00561":""}]}',
  '"fieldsV1":{}},"revision":1}}',
].join(",");

/** What was left as text, parsed after all. */
function parseRest(value: unknown): unknown {
  if (value instanceof RawJson) return JSON.parse(value.text);
  if (Array.isArray(value)) return value.map(parseRest);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, below]) => [name, parseRest(below)]));
}

function triesOf(line: string, known = new KnownTries()): readonly unknown[] {
  const parsed = parse(line, known);
  // The tests' own lines.
  const { value } = parsed as {
    readonly value: {
      readonly object: {
        readonly metadata: { readonly managedFields: readonly { readonly fieldsV1: unknown }[] };
      };
    };
  };
  return value.object.metadata.managedFields.map(({ fieldsV1 }) => fieldsV1);
}

test.each([
  ["built-in kinds", TYPED],
  ["custom resources", SORTED],
])("parseWithoutTries() leaves the tries of %s as text", (_, managedFields) => {
  const tries = triesOf(lineOf(managedFields, { spec: { size: 1 } }));

  expect(tries).toEqual(
    managedFields.map((entry) => new RawJson(JSON.stringify(entry["fieldsV1"]))),
  );
});

test("parseWithoutTries() hands out a trie that came before as the same object, whatever stands around it", () => {
  const known = new KnownTries();

  const before = triesOf(lineOf(TYPED), known);
  const after = triesOf(lineOf(SORTED, { spec: {} }), known);

  expect(after.map((trie, index) => trie === before[index])).toEqual([true, true, true]);
});

test("parseWithoutTries() tells a trie from one that begins as it does", () => {
  const known = new KnownTries();
  const short = { "f:spec": {} };
  const long = { "f:spec": {}, "f:status": {} };

  const tries = [short, long, short].flatMap((fieldsV1) => triesOf(lineOf([{ fieldsV1 }]), known));

  expect(tries.map(parseRest)).toEqual([short, long, short]);
});

test.each(["f:a}],", 'v:"},{"', 'k:{"name":"a,\\"b"}', "f:\\"])(
  "parseWithoutTries() leaves a trie as text, whatever a name in it reads like: %s",
  (name) => {
    const fieldsV1 = { "f:spec": { [name]: {} }, [name]: { ".": {} } };

    const tries = triesOf(lineOf([{ fieldsV1 }, { fieldsV1 }]));

    const left = new RawJson(JSON.stringify(fieldsV1));
    expect(tries).toEqual([left, left]);
  },
);

test("KnownTries forgets all but the last eight, and does not take in what is long", () => {
  const known = new KnownTries();
  const numbered = (number: number): string => lineOf([{ fieldsV1: { [`f:${number}`]: {} } }]);
  const long = lineOf([{ fieldsV1: { [`f:${"x".repeat(5000)}`]: {} } }]);

  const [first] = triesOf(numbered(0), known);
  const [again] = triesOf(numbered(0), known);
  const longOnes = [triesOf(long, known), triesOf(long, known)].flat();
  for (let number = 1; number <= 8; number++) triesOf(numbered(number), known);
  const [atLast] = triesOf(numbered(0), known);

  expect(again).toBe(first);
  expect(longOnes[0]).not.toBe(longOnes[1]);
  expect(atLast).not.toBe(first);
  expect(atLast).toEqual(first);
});

test.each([
  ["an object within the object has managedFields", lineOf(TYPED, { spec: { inner: TYPED } })],
  ["only an object within it has them", lineOf(undefined, { data: { managedFields: TYPED } })],
  ["a name ends as the field is called", lineOf([{ 'a"fieldsV1': {} }])],
  ["a trie holds lists", lineOf([{ fieldsV1: { "f:a": [{}, { b: 1 }] } }])],
  ["a trie is none", lineOf([{ fieldsV1: { a: {}, b: { c: {} } } }])],
  ["a value in a trie reads as its end", lineOf([{ fieldsV1: { 'v:"}]"': {}, 'v:"},{"': {} } }])],
  ["a blank follows each comma", spaced(lineOf(TYPED, { spec: {} }), { ",": ", " })],
  ["a blank stands before each end", spaced(lineOf(TYPED, { spec: {} }), { "}": " }" })],
  ["an end is followed by a line break", spaced(lineOf(SORTED), { "}": "}\n" })],
  ["blanks stand everywhere", JSON.stringify(JSON.parse(lineOf(TYPED, { spec: {} })), null, 2)],
  ["what is of the object reads as another object", FORGED],
  ["a trie is empty text", lineOf([{ fieldsV1: "" }])],
  ["a trie is null", lineOf([{ fieldsV1: null }])],
  ["an error has none", JSON.stringify({ type: "ERROR", object: { fieldsV1: {} } })],
])("parseWithoutTries() reads all that JSON.parse reads, where %s", (_, line) => {
  const parsed = parse(line);

  expect(parsed.type === "json" && parseRest(parsed.value)).toEqual(JSON.parse(line));
});

test.each(["", "{", lineOf(TYPED).slice(0, -1), lineOf(TYPED).slice(0, 160), `${lineOf(TYPED)}}`])(
  "parseWithoutTries() says of what is no JSON what parseJson() says: %s",
  (line) => {
    const parsed = parse(line);

    expect(parsed).toEqual(parseJson(line));
    expect(parsed.type).toBe("not-json");
  },
);

const NASTY = fc.constantFrom('"', "\\", "}", "{", "]", "[", ",", ":", "f:", '"fieldsV1":{', "a");
const TEXT = fc.array(NASTY, { maxLength: 8 }).map((parts) => parts.join(""));
const TRIE_NAME = fc.oneof(
  fc.constant("."),
  TEXT.map((text) => `f:${text}`),
  TEXT.map((text) => `v:${JSON.stringify(text)}`),
  fc.dictionary(TEXT, TEXT, { maxKeys: 2 }).map((keys) => `k:${JSON.stringify(keys)}`),
);
const { trie: TRIE } = fc.letrec<{ readonly trie: unknown }>((tie) => ({
  trie: fc.dictionary(TRIE_NAME, fc.oneof({ maxDepth: 4 }, fc.constant({}), tie("trie")), {
    maxKeys: 4,
  }),
}));
const ENTRY = fc
  .record(
    { fieldsV1: fc.oneof(TRIE, TEXT), manager: TEXT, subresource: TEXT },
    { requiredKeys: [] },
  )
  .chain((entry) =>
    fc
      .shuffledSubarray(Object.entries(entry), { minLength: Object.keys(entry).length })
      .map((fields): unknown => Object.fromEntries(fields)),
  );
/** Maps with the names of what is looked for, where they mean nothing. */
const { lure: LURE } = fc.letrec<{ readonly lure: unknown }>((tie) => ({
  lure: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom("", "}]", 1, null),
    fc.array(tie("lure"), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom("fieldsV1", "fields_V1", "managedFields", "metadata", "object", "f:a", "b"),
      tie("lure"),
      { maxKeys: 3 },
    ),
  ),
}));
const FIELDS = fc.record({
  spec: fc.oneof(fc.jsonValue(), LURE),
  text: TEXT,
  inner: fc.option(fc.record({ managedFields: fc.array(ENTRY, { maxLength: 2 }) })),
});

test("parseWithoutTries() reads all that JSON.parse reads, whatever the tries and the texts around them", () => {
  const known = new KnownTries();
  fc.assert(
    fc.property(fc.array(ENTRY, { maxLength: 4 }), FIELDS, (entries, { inner, ...more }) => {
      const line = lineOf(entries, inner === null ? more : { ...more, inner });

      const parsed = parse(line, known);

      expect(parsed.type === "json" && parseRest(parsed.value)).toEqual(JSON.parse(line));
    }),
    { numRuns: 500 },
  );
});

const BLANK = fc.constantFrom("", "", "", " ", "\n");
const MARK = fc.constantFrom("{", "}", "[", "]", ",", ":");
const STYLE = fc
  .array(fc.tuple(MARK, BLANK, BLANK), { maxLength: 2 })
  .map((marks) => Object.fromEntries(marks.map(([mark, a, b]) => [mark, `${a}${mark}${b}`])));

test("parseWithoutTries() reads all that JSON.parse reads, however it is written", () => {
  const known = new KnownTries();
  fc.assert(
    fc.property(fc.array(ENTRY, { maxLength: 3 }), LURE, STYLE, (entries, data, style) => {
      const escaped = lineOf(entries, { data }).replaceAll("fields_V1", "fields\\u00561");
      const line = spaced(escaped, style);

      const parsed = parse(line, known);

      expect(parsed.type === "json" && parseRest(parsed.value)).toEqual(JSON.parse(line));
    }),
    { numRuns: 500 },
  );
});
