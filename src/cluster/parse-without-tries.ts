import { isList, isMap } from "../util/json.ts";
import { parseJson, type ParsedJson } from "../util/parse-json.ts";
import { RawJson } from "../util/raw-json.ts";

/** As API servers write it: without blanks. */
const FIELD = '"fieldsV1":';
const BACKSLASH = 0x5c;
const OPENING = 0x7b;
const CLOSING = 0x7d;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Stands where a trie was cut out; no API server has it there. */
const GAP = '""';

/** A kind's objects have some few tries among them, unless there are list elements of all names in them. */
const KNOWN_MAX = 8;
const KNOWN_LENGTH_MAX = 4096;

/** The tries that were met last in a watch or a list: most come again, and then nothing of them is looked at. */
export class KnownTries {
  readonly #known: RawJson[] = [];
  #next = 0;

  /** The trie that begins there; undefined where what stands there is none. */
  at(text: string, from: number): RawJson | undefined {
    for (const trie of this.#known)
      // A whole trie that stands there is the one that stands there: brackets open and close in pairs.
      if (text.slice(from, from + trie.text.length) === trie.text) return trie;
    const end = findTrieEnd(text, from);
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
 * A map under that name is cut out wherever it stands. Where one was cut that is not an object's own, gaps are missing;
 * then all is parsed. Each cut takes a whole value, never more or less: what users put into objects, or a server between
 * its marks, must not make one object of another. What was cut is not looked at but for its brackets.
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

/**
 * Behind the bracket that closes the one there; undefined unless there are only maps, written without blanks.
 *
 * Going from name to name costs a third of parsing it.
 */
function findTrieEnd(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPENING:
        depth += 1;
        break;
      case CLOSING:
        depth -= 1;
        if (depth === 0) return at + 1;
        break;
      case QUOTE:
        at = findQuote(text, at + 1);
        break;
      case COLON:
      case COMMA:
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

/** The quote that ends the name there; the end of the text where none does. */
function findQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let start = at;
    while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
    if ((at - start) % 2 === 0) return at;
  }
  return text.length;
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
    if (source.charCodeAt(at - 1) === BACKSLASH || source.charCodeAt(from) !== OPENING)
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
