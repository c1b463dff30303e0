/** Where an unquoted or quoted value ends that begins at `from`; all of these are linear and answer an index. */

const LINE_END = /\r?\n|$/g;

/** What a former round, or a former look at the object, left: brackets in it end nothing. */
const PLACEHOLDER = /(?:\[redacted:[\w-]{4}\])?/y;

/** Where the placeholder ends that begins at `from`; `from` itself where there is none. */
export function afterPlaceholder(text: string, from: number): number {
  PLACEHOLDER.lastIndex = from;
  PLACEHOLDER.test(text);
  return Math.max(from, PLACEHOLDER.lastIndex);
}

/** The end of the line, its line break excluded. */
export function endOfLine(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? text.length;
}

const WORD_END = /[\s"'`,;\]})<>]/g;

/** The end of a word in a sentence or a command line. */
export function endOfWord(text: string, from: number): number {
  return endOfFlow(text, from, WORD_END);
}

/** The first place where `stop` (a global expression) matches, else the end. */
export function endOfFlow(text: string, from: number, stop: RegExp): number {
  stop.lastIndex = afterPlaceholder(text, from);
  return stop.exec(text)?.index ?? text.length;
}

/**
 * The closing quote: not an escaped one, nor YAML's doubled single quote. Without one, the end of the line. `quote`
 * is `"`, or `\"` where the text itself stands in quotes.
 */
export function endOfQuoted(text: string, from: number, quote: string): number {
  const mark = quote.slice(-1);
  const escapes = quote.length - 1;
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    const backslashes = countBackslashes(text, from, at);
    if (escapes > 0 && backslashes === escapes) return at - escapes;
    if (escapes > 0 || (mark === '"' && backslashes % 2 === 1)) continue;
    if (mark !== "'" || text[at + 1] !== "'") return at;
    at++;
  }
  return endOfLine(text, from);
}

function countBackslashes(text: string, from: number, at: number): number {
  let count = 0;
  while (at - count > from && text[at - count - 1] === "\\") count++;
  return count;
}

/** `;Next Key=`, `&next=`: another assignment begins, so what stands before it ends. */
const NEXT_ASSIGNMENT = /[;&,][ \t]{0,20}[A-Za-z_][\w. -]{0,40}=/y;
const NEXT_AFTER_SPACE = /[ \t]{1,20}[A-Za-z_][\w.-]{0,40}=/y;
const DELIMITER = /[;&,\s"'`)\]}<>]/g;

/**
 * The end of what stands after `=`: in a `line` that begins with the key up to its end or the next assignment in it,
 * in a `connection-string` up to `;`, `inline` up to a blank, a bracket or a quote.
 */
export function endOfEquals(
  text: string,
  from: number,
  context: "line" | "connection-string" | "inline",
): number {
  DELIMITER.lastIndex = afterPlaceholder(text, from);
  for (let match = DELIMITER.exec(text); match !== null; match = DELIMITER.exec(text)) {
    if (endsAt(text, match.index, context)) return match.index;
    DELIMITER.lastIndex = match.index + 1;
  }
  return text.length;
}

function endsAt(
  text: string,
  at: number,
  context: "line" | "connection-string" | "inline",
): boolean {
  const delimiter = text.charAt(at);
  if (delimiter === "\n" || (delimiter === "\r" && text[at + 1] === "\n")) return true;
  if (context === "connection-string") return delimiter === ";";
  if (context === "inline") return !";&,".includes(delimiter) || begins(NEXT_ASSIGNMENT, text, at);
  return begins(";&,".includes(delimiter) ? NEXT_ASSIGNMENT : NEXT_AFTER_SPACE, text, at);
}

function begins(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** Whether a word of prose is rather a value than a word: letters with digits, or signs that no word has. */
export function looksRandom(word: string): boolean {
  if (word.length >= 32 && !word.includes("/")) return true;
  return (/\d/.test(word) && /[A-Za-z]/.test(word)) || /[=+~!@#$%^&*_]/.test(word);
}
