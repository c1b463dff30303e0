/** What a drawing needs of a span, wherever it was read from. */
export type DrawnSpan = {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events?: readonly unknown[];
};

/** One trace as an indented tree, times in milliseconds after its root's start: `condition Ready 0–42000`. */
export function drawTrace(spans: readonly DrawnSpan[]): string {
  const root = spans.find(({ parentSpanId = "" }) => parentSpanId === "");
  if (root === undefined) return "no root";
  return [...lines(spans, root, { depth: 0, originMs: root.startMs })].join("\n");
}

function* lines(
  spans: readonly DrawnSpan[],
  span: DrawnSpan,
  at: { readonly depth: number; readonly originMs: number },
): Iterable<string> {
  const { name, startMs, endMs, attributes, events = [] } = span;
  const facts = ["lifeline.outcome", "lifeline.waiting_for", "lifeline.condition.reason"]
    .map((key) => attributes[key])
    .filter((value) => typeof value === "string");
  const extent = `${startMs - at.originMs}–${endMs - at.originMs}`;
  const told = events.length === 0 ? [] : [`(${events.length} events)`];
  yield `${"  ".repeat(at.depth)}${[name, extent, ...facts, ...told].join(" ")}`;
  for (const child of spans)
    if (child.parentSpanId === span.spanId)
      yield* lines(spans, child, { ...at, depth: at.depth + 1 });
}
