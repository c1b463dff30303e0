import {
  afterPlaceholder,
  endOfEquals,
  endOfFlow,
  endOfLine,
  endOfQuoted,
  endOfWord,
  looksRandom,
} from "./value-end.ts";
import { blockAfter, continuationEnd, placeInLine } from "./yaml-place.ts";

/** A part of a text that is a secret's value. */
export type Assignment = {
  /** `text-block`: YAML's `|` and `>`, line breaks included. `nested-block`: lines beneath a key that say more. */
  readonly type: "scalar" | "header" | "text-block" | "nested-block";
  readonly from: number;
  readonly to: number;
  readonly value: string;
};

export type Key = {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly isHeader: boolean;
  /** It stands in a line that was written for people. */
  readonly isProse: boolean;
};

/** `"`, `\"`, `"]` after the key, then a separator. */
const SEPARATOR = /(\\*["'`]?\]?)[ \t]{0,40}(=>|:=|==|[:=])[ \t]{0,200}/y;
const FLAG_GAP = /["']?(?:[ \t]{0,40}\r?\n[ \t]{0,200}-[ \t]{1,40}|,?[ \t]{1,40}|,)/y;
/** From the name in `name: KEY` to the value: on the next line, or further on in the same. */
const NAME_BEFORE = /\b(?:name|key)\\*["']?[ \t]{0,20}[:=][ \t]{0,20}\\*["']?$/i;
const VALUE_AFTER =
  /\\*["']?[ \t]{0,40},?\s{0,400}\\*["']?(values?|default)\\*["']?[ \t]{0,40}[:=][ \t]{0,40}/iy;
/** From a `name` attribute to the content of its element. */
const ELEMENT = /\\*["'](?:[ \t][^<>\r\n]{0,100})?(?<!\/)>/y;
const QUOTE = /\\*["'`]/y;
const BLOCK_HEADER = /^(?:[&!]\S{0,100}[ \t]{1,20}){0,3}([|>][0-9+-]{0,2})?[ \t]*(?:#.*)?$/;
const ANCHOR_OR_TAG = /^(?:[&!]\S{0,100}(?:[ \t]{1,20}|$)){1,3}$/;
const NUMBER_OR_FLAG = /^(?:[-+]?\d+(?:\.\d+)?|true|false|null|~|yes|no|\{\}|\[\]),?$/i;
const PASSWORD_WORD = /(?:pass(?:word|wd|phrase)?|pwd)s?$/i;

/** What is assigned to a key that stands in a text; `undefined` where it is only mentioned. */
export function findAssignment(text: string, key: Key): Assignment | undefined {
  return (
    findTag(text, key) ??
    findSeparated(text, key) ??
    findAfterFlag(text, key) ??
    findEntry(text, key)
  );
}

function scalar(text: string, from: number, to: number): Assignment | undefined {
  return to > from ? { type: "scalar", from, to, value: text.slice(from, to) } : undefined;
}

/** `<password>x</password>`. */
function findTag(text: string, key: Key): Assignment | undefined {
  if (text[key.start - 1] !== "<" || text[key.end] !== ">") return undefined;
  const close = text.indexOf("<", key.end);
  return scalar(text, key.end + 1, close < 0 ? text.length : close);
}

function findSeparated(text: string, key: Key): Assignment | undefined {
  SEPARATOR.lastIndex = key.end;
  const [all, quote = "", sign = ""] = SEPARATOR.exec(text) ?? [];
  if (all === undefined) return undefined;
  const from = key.end + all.length;
  const signEnd = key.end + all.trimEnd().length;
  if (key.isHeader) return findHeader(text, from, key);
  return (
    findQuoted(text, from) ??
    (sign.startsWith(":") && sign !== ":="
      ? findAfterColon(text, { key, from, signEnd, quote })
      : findAfterEquals(text, key, from))
  );
}

/** After `--token `: the next word, or the next element of a list, unless it is a flag itself. */
function findAfterFlag(text: string, key: Key): Assignment | undefined {
  if (!key.name.startsWith("-")) return undefined;
  FLAG_GAP.lastIndex = key.end;
  if (!FLAG_GAP.test(text)) return undefined;
  const from = FLAG_GAP.lastIndex;
  return text[from] === "-"
    ? undefined
    : (findQuoted(text, from) ?? scalar(text, from, endOfWord(text, from)));
}

/** `name: KEY`, then `value: x`. */
function findEntry(text: string, key: Key): Assignment | undefined {
  if (!NAME_BEFORE.test(text.slice(Math.max(0, key.start - 60), key.start))) return undefined;
  VALUE_AFTER.lastIndex = key.end;
  const [all, word = ""] = VALUE_AFTER.exec(text) ?? [];
  if (all === undefined) return findElement(text, key);
  const from = key.end + all.length;
  const start = key.end + all.lastIndexOf(word);
  const valueKey = { ...key, start, end: start + word.length };
  return findSeparated(text, valueKey) ?? scalar(text, from, endOfLine(text, from));
}

/** `<property name="password">x</property>`. */
function findElement(text: string, key: Key): Assignment | undefined {
  ELEMENT.lastIndex = key.end;
  if (!ELEMENT.test(text)) return undefined;
  const from = ELEMENT.lastIndex;
  return scalar(text, from, endOfFlow(text, from, /</g));
}

function findQuoted(text: string, from: number): Assignment | undefined {
  QUOTE.lastIndex = from;
  const [quote] = QUOTE.exec(text) ?? [];
  if (quote === undefined) return undefined;
  const open = from + quote.length;
  return (
    scalar(text, open, endOfQuoted(text, open, quote)) ?? {
      type: "scalar",
      from: open,
      to: open,
      value: "",
    }
  );
}

/** `Authorization: Bearer x`, the value up to a quote or the end of the line. */
function findHeader(text: string, from: number, key: Key): Assignment | undefined {
  QUOTE.lastIndex = from;
  const [quote = ""] = QUOTE.exec(text) ?? [];
  const open = from + quote.length;
  const end = quote === "" ? endOfFlow(text, open, /["'`\\\r\n]/g) : endOfQuoted(text, open, quote);
  const value = text.slice(open, end);
  const isCredential =
    quote !== "" ||
    /^[A-Za-z][\w-]{2,19}[ \t]+\S+[ \t]*$/.test(value) ||
    looksRandom(value) ||
    placeInLine(text, key.start) !== undefined;
  return isCredential && end > open ? { type: "header", from: open, to: end, value } : undefined;
}

type Colon = {
  readonly key: Key;
  readonly from: number;
  readonly signEnd: number;
  readonly quote: string;
};

function findAfterColon(text: string, colon: Colon): Assignment | undefined {
  const { key, from, signEnd, quote } = colon;
  const next = text[signEnd];
  if (quote === "" && next !== undefined && !/\s/.test(next)) return findGlued(text, key, from);
  const column = placeInLine(text, key.start);
  if (column !== undefined) return findYaml(text, from, { key, column });
  return quote === "" ? findInSentence(text, key, from) : findFlow(text, from);
}

/** `password:x`; but `image/name:tag`, `system:token`: only a name that ends in password is believed without a space. */
function findGlued(text: string, key: Key, from: number): Assignment | undefined {
  const isBelieved = PASSWORD_WORD.test(key.name) && !key.name.includes("/") && text[from] !== "/";
  return isBelieved ? scalar(text, from, endOfFlow(text, from, /[\s,;&)}\]"'`]/g)) : undefined;
}

/** `"X-Api-Key: x"` in quotes, `{user: a, password: x}`, or prose, where only what looks like a secret is taken for one. */
function findInSentence(text: string, key: Key, from: number): Assignment | undefined {
  const [quote] = /\\*["'`]$/.exec(text.slice(Math.max(0, key.start - 8), key.start)) ?? [];
  if (quote !== undefined) return scalar(text, from, endOfQuoted(text, from, quote));
  if (isInFlow(text, key.start)) return findFlow(text, from);
  const end = endOfWord(text, from);
  // "oauth2: cannot fetch" goes on.
  if (key.isProse && text[end - 1] === ":" && text[end] === " ") return undefined;
  return looksRandom(text.slice(from, end)) ? scalar(text, from, end) : undefined;
}

/** Whether no word of a line looks like a secret; ARNs, paths and times further on in it do not count. */
function isSentence(value: string): boolean {
  return value
    .split(/\s+/)
    .every((word, index) =>
      index === 0
        ? word.endsWith(":") || !looksRandom(word)
        : /[:/]/.test(word) || !looksRandom(word),
    );
}

function isInFlow(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 200), start).trimEnd();
  return before.endsWith("{") || (before.endsWith(",") && before.includes("{"));
}

/** The value of a YAML flow map, or of a JSON key in a text that is more than JSON. */
function findFlow(text: string, from: number): Assignment | undefined {
  // What a map holds has names of its own.
  if (text[from] === "{") return undefined;
  const isList = text[from] === "[" && afterPlaceholder(text, from) === from;
  const end = isList
    ? Math.min(text.length, endOfFlow(text, from, /\]|(?=[\r\n])/g) + 1)
    : endOfFlow(text, from, /[,}\]\r\n]/g);
  return NUMBER_OR_FLAG.test(text.slice(from, end).trim()) ? undefined : scalar(text, from, end);
}

/** The value of a YAML key that begins its line. */
function findYaml(
  text: string,
  from: number,
  at: { readonly key: Key; readonly column: number },
): Assignment | undefined {
  const lineEnd = endOfLine(text, from);
  const rest = text.slice(from, lineEnd).trim();
  const header = BLOCK_HEADER.exec(rest);
  if (header !== null || ANCHOR_OR_TAG.test(rest)) {
    const block = blockAfter(text, lineEnd, at.column);
    if (block === undefined) return undefined;
    return {
      type: header?.[1] === undefined ? "nested-block" : "text-block",
      ...block,
      value: text.slice(block.from, block.to),
    };
  }
  const end = continuationEnd(text, lineEnd, at.column);
  const value = text.slice(from, end).trimEnd();
  if (at.key.isProse && !PASSWORD_WORD.test(at.key.name) && isSentence(value)) return undefined;
  if (NUMBER_OR_FLAG.test(value) && !(PASSWORD_WORD.test(at.key.name) && /^\d+$/.test(value)))
    return undefined;
  return scalar(text, from, from + value.length);
}

function findAfterEquals(text: string, key: Key, from: number): Assignment | undefined {
  const end = endOfEquals(text, from, contextOf(text, key.start));
  const value = text.slice(from, end);
  return NUMBER_OR_FLAG.test(value) && !PASSWORD_WORD.test(key.name)
    ? undefined
    : scalar(text, from, end);
}

function contextOf(text: string, start: number): "line" | "connection-string" | "inline" {
  if (placeInLine(text, start) !== undefined) return "line";
  return /;[ \t]*$/.test(text.slice(Math.max(0, start - 20), start))
    ? "connection-string"
    : "inline";
}
