/** One run of characters in one style of a terminal's; `color` is the SGR code of its colour, 30 to 37. */
type Run = {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly color?: number;
};

const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace";
const FONT_SIZE = 13;
const COLUMN_WIDTH = 7.8;
const LINE_HEIGHT = 19;
const PADDING = 16;
const TITLE_HEIGHT = 34;
const BACKGROUND = "#0d1117";
const FOREGROUND = "#e6edf3";
/** SGR 30 to 37, bright enough for the background. */
const COLORS = [
  "#6e7681",
  "#ff7b72",
  "#3fb950",
  "#d29922",
  "#79c0ff",
  "#d2a8ff",
  "#56d4dd",
  "#e6edf3",
];
// oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
const SGR = /\u001B\[([\d;]*)m/;

/**
 * Draws what a terminal would show as an SVG: lines with SGR colours (bold, dim, red, …), no cursor movement. Every run
 * has its width set, so that columns stay columns in whatever monospaced font the viewer has.
 */
export function renderTerminalPicture(text: string, title: string): string {
  const lines = text.replaceAll("\r", "").trimEnd().split("\n").map(parseRuns);
  const columns = Math.max(
    ...lines.map((runs) => runs.reduce((sum, run) => sum + widthOf(run.text), 0)),
  );
  const width = Math.ceil(columns * COLUMN_WIDTH + 2 * PADDING);
  const height = TITLE_HEIGHT + lines.length * LINE_HEIGHT + PADDING;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, index) => `<circle cx="${PADDING + 5 + index * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  const body = lines.map((runs, row) =>
    renderLine(runs, TITLE_HEIGHT + (row + 0.75) * LINE_HEIGHT),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
${dots.join("")}
<g font-family="${FONT}" font-size="${FONT_SIZE}" fill="${FOREGROUND}" xml:space="preserve">
<text x="${width / 2}" y="22" text-anchor="middle" fill="#8b949e">${escape(title)}</text>
${body.filter((line) => line !== "").join("\n")}
</g>
</svg>
`;
}

function parseRuns(line: string): readonly Run[] {
  const runs: Run[] = [];
  let style: Omit<Run, "text"> = { bold: false, dim: false };
  for (const [index, piece] of line.split(SGR).entries()) {
    // The capturing group stands at every odd place.
    if (index % 2 === 1) style = piece.split(";").reduce(withCode, style);
    else if (piece !== "") runs.push({ text: piece, ...style });
  }
  return runs;
}

function withCode(style: Omit<Run, "text">, code: string): Omit<Run, "text"> {
  const number = Number(code);
  if (number === 0) return { bold: false, dim: false };
  if (number === 1) return { ...style, bold: true };
  if (number === 2) return { ...style, dim: true };
  return number >= 30 && number <= 37 ? { ...style, color: number } : style;
}

function renderLine(runs: readonly Run[], y: number): string {
  let column = 0;
  const texts: string[] = [];
  for (const { text, bold, dim, color } of runs) {
    const fill = color === undefined ? "" : ` fill="${COLORS[color - 30] ?? FOREGROUND}"`;
    const weight = bold ? ' font-weight="bold"' : "";
    const opacity = dim ? ' opacity="0.6"' : "";
    // Gaps are not drawn but left, so that what stands behind them begins in its column.
    for (const piece of text.split(/( {2,}|^ | $)/)) {
      const x = round(PADDING + column * COLUMN_WIDTH);
      column += widthOf(piece);
      if (piece.trim() === "") continue;
      const length = round(widthOf(piece) * COLUMN_WIDTH);
      texts.push(
        `<text x="${x}" y="${round(y)}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${fill}${weight}${opacity}>${escape(piece)}</text>`,
      );
    }
  }
  return texts.join("");
}

function widthOf(text: string): number {
  // One column for each code point is what the demo prints.
  return Array.from(text).length;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
