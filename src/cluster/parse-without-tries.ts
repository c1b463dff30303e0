import { isList, isMap } from "../util/json.ts";
import { parseJson, type ParsedJson } from "../util/parse-json.ts";
import { RawJson } from "../util/raw-json.ts";

/** As API servers write it: without blanks. */
const FIELD = '"fieldsV1":';
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/**
 * Where a trie has ended: before a field whose name is none of a trie's (`f:`, `k:`, `v:`, `i:`, `.`), or before the end
 * of its entry and of the list, for no list stands in a trie.
 */
const TRIE_END = /,"(?![fkvi]:|\.")|\}(?:,\{|\])/g;

/** Stands where a trie was cut out; no API server has it there. */
const GAP = '""';

/** A kind's objects have some few tries among them, unless there are list elements of all names in them. */
const KNOWN_MAX = 8;
const KNOWN_LENGTH_MAX = 4096;

/** The tries that were met last in a watch or a list: most come again, and then nothing of them is looked at. */
export class KnownTries {
  readonly #known: RawJson[] = [];
  #next = 0;

  /** The trie that begins there; undefined where it has no end that is known. */
  at(text: string, from: number): RawJson | undefined {
    for (const trie of this.#known)
      // A whole trie that stands there is the one that stands there: brackets open and close in pairs.
      if (text.slice(from, from + trie.text.length) === trie.text) return trie;
    TRIE_END.lastIndex = from;
    const end = TRIE_END.exec(text)?.index;
    return end === undefined ? undefined : this.#learn(text.slice(from, end));
  }

  #learn(text: string): RawJson {
    // A copy: a slice would keep all that it is of, the text of a page even.
    const trie = new RawJson(Buffer.from(text).toString());
    if (text.length > KNOWN_LENGTH_MAX) return trie;
    this.#known[this.#next] = trie;
    this.#next = (this.#next + 1) % KNOWN_MAX;
    return trie;
  }
}

/** The managedFields of an object that was parsed, if it is one. */
export function managedFieldsOf(object: unknown): readonly unknown[] {
  const metadata = isMap(object) ? object["metadata"] : undefined;
  const entries = isMap(metadata) ? metadata["managedFields"] : undefined;
  return isList(entries) ? entries : [];
}

/**
 * What an API server says of objects as `JSON.parse` reads it, but for the `fieldsV1` of their managedFields: each is a
 * `RawJson`. Parsed, they would cost more than all the rest (9 of 15 µs for an object of 3 KB), and they are seldom
 * looked at. `entriesOf` answers all entries of managedFields, in their order.
 *
 * Tries are cut out by how they look. Where one was cut at the wrong place its brackets or quotes are no pairs, so that
 * what is left is no JSON; where one was cut that is not an object's own, gaps are missing. Then all is parsed.
 */
export function parseWithoutTries(
  text: string,
  known: KnownTries,
  entriesOf: (value: unknown) => readonly unknown[],
): ParsedJson {
  const cut = cutTries(text, known);
  if (cut === undefined) return parseJson(text);
  const parsed = parseJson(cut.text);
  const isRight = parsed.type === "json" && putTries(entriesOf(parsed.value), cut.tries);
  return isRight ? parsed : parseJson(text);
}

function cutTries(
  source: string,
  known: KnownTries,
): { readonly text: string; readonly tries: readonly RawJson[] } | undefined {
  const tries: RawJson[] = [];
  const parts: string[] = [];
  let doneTo = 0;
  for (let at = source.indexOf(FIELD); at >= 0; at = source.indexOf(FIELD, doneTo)) {
    const from = at + FIELD.length;
    // The end of a longer name, with a quote in it; or a value that might be a gap.
    if (source.charCodeAt(at - 1) === BACKSLASH || source.charCodeAt(from) !== BRACE)
      return undefined;
    const trie = known.at(source, from);
    if (trie === undefined) return undefined;
    tries.push(trie);
    parts.push(source.slice(doneTo, from));
    doneTo = from + trie.text.length;
  }
  if (tries.length === 0) return undefined;
  parts.push(source.slice(doneTo));
  return { text: parts.join(GAP), tries };
}

/** Puts the tries into the gaps that they left; false unless these are as many. */
function putTries(entries: readonly unknown[], tries: readonly RawJson[]): boolean {
  const gaps = entries.filter((entry) => isMap(entry) && entry["fieldsV1"] === "");
  if (gaps.length !== tries.length) return false;
  for (const [index, trie] of tries.entries())
    // Nobody else has seen it yet.
    (gaps[index] as { fieldsV1: unknown }).fieldsV1 = trie;
  return true;
}
