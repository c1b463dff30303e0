import { endOfLine } from "./value-end.ts";

/** Deeper indentation than this is not taken for YAML. */
const INDENT_MAX = 256;

/**
 * The column of a key that begins its line, after list dashes, quotes, a comment sign or `export`; `undefined` for one
 * that stands further on in it.
 */
export function placeInLine(text: string, start: number): number | undefined {
  const before = text.slice(Math.max(0, start - INDENT_MAX), start);
  const lineStart = before.lastIndexOf("\n") + 1;
  if (lineStart === 0 && start > INDENT_MAX) return undefined;
  const prefix = before.slice(lineStart);
  if (!/^[ \t]*(?:#[# ]{0,8})?(?:-[ \t]+)*(?:export[ \t]+|set[ \t]+)?\\?["']?$/.test(prefix))
    return undefined;
  return prefix.replace(/\\?["']$/, "").length;
}

/** The lines after `lineEnd` that belong to a key in this column: further in, or list items right beneath it. */
export function blockAfter(
  text: string,
  lineEnd: number,
  column: number,
): { readonly from: number; readonly to: number } | undefined {
  const from = afterBreak(text, lineEnd);
  let to = from;
  for (let at = from; at < text.length;) {
    const end = endOfLine(text, at);
    const belongs = belongsTo(text, at, { end, column });
    if (belongs === "no") break;
    if (belongs === "yes") to = end;
    if (end >= text.length) break;
    at = afterBreak(text, end);
  }
  return to > from ? { from, to } : undefined;
}

/** The end of a plain value that goes on over more lines, each further in than its key. */
export function continuationEnd(text: string, lineEnd: number, column: number): number {
  const block = blockAfter(text, lineEnd, column);
  const startsList =
    block !== undefined &&
    /^[ \t]*-[ \t]/.test(text.slice(block.from, block.from + INDENT_MAX)) &&
    indentAt(text, block.from) === column;
  return block === undefined || startsList ? lineEnd : block.to;
}

function belongsTo(
  text: string,
  at: number,
  line: { readonly end: number; readonly column: number },
): "yes" | "no" | "blank" {
  const indent = indentAt(text, at);
  if (at + indent >= line.end) return "blank";
  if (indent > line.column) return "yes";
  const next = text[at + indent + 1];
  return indent === line.column && text[at + indent] === "-" && (next === " " || next === "\t")
    ? "yes"
    : "no";
}

function indentAt(text: string, at: number): number {
  let indent = 0;
  while (text[at + indent] === " " || text[at + indent] === "\t") indent++;
  return indent;
}

function afterBreak(text: string, lineEnd: number): number {
  if (text[lineEnd] === "\r") return lineEnd + 2;
  return Math.min(text.length, lineEnd + 1);
}
