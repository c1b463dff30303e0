import type { ClusterReport } from "../../cluster/report.ts";
import type { PipelineReport } from "../../pipeline/report.ts";
import { dispatch, type VariantTable } from "./dispatch.ts";
import type { CounterName, HistogramName } from "./self-metrics.ts";

/** One step of one self-metric. */
export type Count = { readonly attributes: Readonly<Record<string, string>> } & (
  | { readonly type: "add"; readonly name: CounterName; readonly by: number }
  | { readonly type: "record"; readonly name: HistogramName; readonly value: number }
);

/** What a report of the cluster room adds to the self-metrics. */
export function countClusterReport(report: ClusterReport): readonly Count[] {
  return dispatch(CLUSTER_COUNTS, report);
}

/** What a report of the pipeline adds to the self-metrics. */
export function countPipelineReport(report: PipelineReport): readonly Count[] {
  return dispatch(PIPELINE_COUNTS, report);
}

type Stage = "cluster" | "lifecycle" | "otlp" | "pipeline" | "store";

const MS_PER_S = 1_000;
const NOTHING = (): readonly Count[] => [];
const CLUSTER_ERROR = (): readonly Count[] => [error("cluster")];

const CLUSTER_COUNTS: VariantTable<ClusterReport, readonly Count[]> = {
  "watch-state": ({ watch, state }) => [add("lifeline.watch.transitions", 1, { watch, state })],
  "list-started": NOTHING,
  "list-done": ({ durationMs }) => [record("lifeline.watch.list.duration", durationMs / MS_PER_S)],
  "list-fallback": ({ watch, reason }) => [add("lifeline.watch.fallbacks", 1, { watch, reason })],
  "list-resumed": NOTHING,
  relist: ({ watch, reason }) => [add("lifeline.watch.relists", 1, { watch, reason })],
  reconnect: ({ watch, cause }) => [add("lifeline.watch.reconnects", 1, { watch, cause })],
  "request-failed": ({ watch, status }) => [failure(watch, status), error("cluster")],
  "kind-forbidden": ({ watch }) => [failure(watch, 403), error("cluster")],
  "kind-missing": ({ watch }) => [failure(watch, 404), error("cluster")],
  "line-unreadable": ({ watch, action }) =>
    action === "skip"
      ? [add("lifeline.watch.skipped", 1, { watch, reason: "unreadable" }), error("cluster")]
      : [error("cluster")],
  "item-unreadable": ({ watch }) => [
    add("lifeline.watch.skipped", 1, { watch, reason: "unreadable" }),
    error("cluster"),
  ],
  "credentials-refreshed": NOTHING,
  "credentials-failed": CLUSTER_ERROR,
};

const PIPELINE_COUNTS: VariantTable<PipelineReport, readonly Count[]> = {
  commit: countCommit,
  "commit-failed": () => [error("store")],
  "state-unreadable": () => [error("store")],
  "commit-recovered": NOTHING,
  "watch-started": NOTHING,
  "watch-stopped": NOTHING,
  "watch-forgotten": NOTHING,
  "redaction-renewed": NOTHING,
  "watch-synced": NOTHING,
  "watch-stale": ({ watch }) => [add("lifeline.watch.blind", 1, { watch })],
  "watch-sees-again": NOTHING,
  // The request that failed has been counted as the cluster room told it.
  "watch-failed": NOTHING,
  "watch-crashed": () => [error("pipeline")],
  "watch-forbidden": ({ watch }) => [failure(watch, 403)],
  "watch-allowed": NOTHING,
  "kind-gone": NOTHING,
  "stale-event": ({ watch }) => [add("lifeline.watch.skipped", 1, { watch, reason: "stale" })],
  "object-skipped": ({ watch }) => [
    add("lifeline.history.skipped", 1, { watch }),
    error("lifecycle"),
  ],
  "first-look-withheld": NOTHING,
  "outbox-full": NOTHING,
  "changes-withheld": ({ changes }) => [add("lifeline.outbox.collapsed", changes)],
  "spans-dropped": ({ spans }) => [add("lifeline.outbox.dropped", spans)],
  "outbox-caught-up": NOTHING,
  exported: ({ signal, items, durationMs }) => [
    add("lifeline.export.requests", 1, { signal, outcome: "accepted" }),
    add("lifeline.export.items", items, { signal }),
    record("lifeline.export.duration", durationMs / MS_PER_S, { signal }),
  ],
  "export-failed": ({ signal }) => [
    add("lifeline.export.requests", 1, { signal, outcome: "failed" }),
    error("otlp"),
  ],
  "export-unwelcome": ({ signal }) => [
    add("lifeline.export.requests", 1, { signal, outcome: "failed" }),
    error("otlp"),
  ],
  "export-recovered": NOTHING,
  "export-rejected": ({ signal, items }) => [
    add("lifeline.export.rejected", items, { signal }),
    error("otlp"),
  ],
  "export-refused": ({ signal, items }) => [
    add("lifeline.export.requests", 1, { signal, outcome: "refused" }),
    add("lifeline.export.rejected", items, { signal }),
    error("otlp"),
  ],
  "export-set-aside": ({ signal, items, forgotten }) => [
    add("lifeline.export.requests", 1, { signal, outcome: "refused" }),
    add("lifeline.export.rejected", items, { signal }),
    add("lifeline.export.dead_letters", 1, { outcome: "kept" }),
    ...(forgotten > 0
      ? [add("lifeline.export.dead_letters", forgotten, { outcome: "forgotten" })]
      : []),
    error("otlp"),
  ],
  "discovery-failed": CLUSTER_ERROR,
  "kinds-chosen": NOTHING,
};

function countCommit({
  changes,
  durationMs,
}: Extract<PipelineReport, { readonly type: "commit" }>): readonly Count[] {
  const durationS = durationMs / MS_PER_S;
  const commit = record("lifeline.history.commit.duration", durationS);
  if (changes === 0) return [commit];
  return [
    commit,
    add("lifeline.history.changes", changes),
    record("lifeline.history.change.duration", durationS / changes),
  ];
}

function failure(watch: string, status: number | undefined): Count {
  return add("lifeline.watch.failures", 1, { watch, status: String(status ?? "none") });
}

function error(stage: Stage): Count {
  return add("lifeline.process.errors", 1, { stage });
}

function add(
  name: CounterName,
  by: number,
  attributes: Readonly<Record<string, string>> = {},
): Count {
  return { type: "add", name, by, attributes };
}

function record(
  name: HistogramName,
  value: number,
  attributes: Readonly<Record<string, string>> = {},
): Count {
  return { type: "record", name, value, attributes };
}
