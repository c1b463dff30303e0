import { printable } from "./printable.ts";

/** How lines look: coloured for terminals only, and only there cut at `width` columns. */
export type LineOptions = { readonly color: boolean; readonly width?: number };

export type Style = "plain" | "dim" | "bold" | "red" | "green" | "yellow" | "cyan";

/** A piece of a line in one style; its text may be anybody's. */
export type Span = { readonly text: string; readonly style: Style };

const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  dim: "2",
  bold: "1",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
};

/** Takes two columns in terminals: East Asian wide forms and emoji. Close enough to keep a line from wrapping. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /^[\p{M}\p{Cf}]$/u;

/** One line without its end: every span's text made printable, cut with "…" if it is too wide, then coloured. */
export function renderLine(spans: readonly Span[], options: LineOptions): string {
  const clean = trimEnd(spans.map(({ text, style }) => ({ text: printable(text), style })));
  const fitting = options.width === undefined ? clean : cut(clean, options.width);
  return fitting.map((span) => (options.color ? paint(span) : span.text)).join("");
}

/** A cell of a table: at least `columns` wide, and one space to the next. */
export function cell(text: string, columns: number): string {
  return `${text}${" ".repeat(Math.max(0, columns - columnsOf(text)))} `;
}

function trimEnd(spans: readonly Span[]): readonly Span[] {
  const last = spans.findLast((span) => span.text.trim() !== "");
  if (last === undefined) return [];
  return [...spans.slice(0, spans.indexOf(last)), { text: last.text.trimEnd(), style: last.style }];
}

function cut(spans: readonly Span[], width: number): readonly Span[] {
  if (spans.reduce((sum, span) => sum + columnsOf(span.text), 0) <= width) return spans;
  const kept: Span[] = [];
  let room = width - 1;
  for (const span of spans) {
    const text = firstColumns(span.text, room);
    kept.push({ ...span, text });
    room -= columnsOf(text);
    if (text.length < span.text.length) break;
  }
  return [...kept, { text: "…", style: "dim" }];
}

/** As many characters as fit into so many columns. */
export function firstColumns(text: string, columns: number): string {
  let used = 0;
  let kept = "";
  for (const character of text) {
    used += columnsOfCharacter(character);
    if (used > columns) break;
    kept += character;
  }
  return kept;
}

/** How many columns a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

function columnsOfCharacter(character: string): number {
  if (character <= "\u007F") return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function paint({ text, style }: Span): string {
  return style === "plain" || text === "" ? text : `\u001B[${CODES[style]}m${text}\u001B[0m`;
}
