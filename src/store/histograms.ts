import { numberOf, type RawRow, textOf, textOrNull } from "./columns.ts";
import type { HistogramDelta, HistogramRow } from "./rows.ts";
import type { Statement } from "./unread-statements.ts";

type Statements = Readonly<Record<"histogram" | "putHistogram" | "histograms", Statement>>;

/** Within a transaction: adds bucket by bucket. Buckets that changed in number begin anew, for nobody knows what the old ones held. */
export function addToHistogram(
  statements: Statements,
  { metric, attributes, counts, sum, exemplar }: HistogramDelta,
  nowMs: number,
): void {
  const raw = statements.histogram.get(metric, attributes);
  const known = raw === undefined ? undefined : histogramOf(raw);
  const goesOn = known !== undefined && known.counts.length === counts.length;
  const added = goesOn ? counts.map((count, index) => count + (known.counts[index] ?? 0)) : counts;
  statements.putHistogram.run(
    metric,
    attributes,
    JSON.stringify(added),
    goesOn ? known.sum + sum : sum,
    goesOn ? known.startedAt : nowMs,
    goesOn && known.announced ? 1 : 0,
    exemplar ?? (goesOn ? (known.exemplar ?? null) : null),
  );
}

export function readHistograms(statements: Statements): readonly HistogramRow[] {
  return statements.histograms.all().map(histogramOf);
}

function histogramOf(row: RawRow): HistogramRow {
  // The text is our own, written by `addToHistogram`.
  const counts: readonly number[] = JSON.parse(textOf(row["counts"]));
  return {
    metric: textOf(row["metric"]),
    attributes: textOf(row["attributes"]),
    counts,
    sum: numberOf(row["sum"]),
    startedAt: numberOf(row["started_at"]),
    announced: row["announced"] === 1,
    exemplar: textOrNull(row["exemplar"]) ?? undefined,
  };
}
