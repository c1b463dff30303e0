import { expect, test } from "vitest";
import type { ClusterReport } from "../../cluster/report.ts";
import type { PipelineReport } from "../../pipeline/report.ts";
import { type Count, countClusterReport, countPipelineReport } from "./count-report.ts";

const ERROR = new Error("no");
const watch = "pods";
const CLUSTER_ERROR = ["lifeline.process.errors", 1, { stage: "cluster" }];
const OTLP_ERROR = ["lifeline.process.errors", 1, { stage: "otlp" }];

/** As in the tables below: name, step, and attributes where there are any. */
function plain(counts: readonly Count[]): unknown {
  return counts.map((count) => {
    const step = count.type === "add" ? count.by : count.value;
    return Object.keys(count.attributes).length === 0
      ? [count.name, step]
      : [count.name, step, count.attributes];
  });
}

test.each<[ClusterReport, unknown[]]>([
  [
    { type: "relist", watch, reason: "expired" },
    [["lifeline.watch.relists", 1, { watch, reason: "expired" }]],
  ],
  [
    { type: "reconnect", watch, cause: "closed" },
    [["lifeline.watch.reconnects", 1, { watch, cause: "closed" }]],
  ],
  [
    { type: "line-unreadable", watch, problem: "p", occurrence: 1, action: "reconnect" },
    [CLUSTER_ERROR],
  ],
  [
    { type: "line-unreadable", watch, problem: "p", occurrence: 3, action: "skip" },
    [["lifeline.watch.skipped", 1, { watch, reason: "unreadable" }], CLUSTER_ERROR],
  ],
  [
    { type: "item-unreadable", watch, problem: "p" },
    [["lifeline.watch.skipped", 1, { watch, reason: "unreadable" }], CLUSTER_ERROR],
  ],
  [
    { type: "request-failed", watch, verb: "list", error: ERROR, retryInMs: 1 },
    [["lifeline.watch.failures", 1, { watch, status: "none" }], CLUSTER_ERROR],
  ],
  [
    { type: "kind-forbidden", watch, verb: "list", error: ERROR, retryInMs: 1 },
    [["lifeline.watch.failures", 1, { watch, status: "403" }], CLUSTER_ERROR],
  ],
  [
    { type: "kind-missing", watch, error: ERROR, retryInMs: 1 },
    [["lifeline.watch.failures", 1, { watch, status: "404" }], CLUSTER_ERROR],
  ],
  [{ type: "credentials-failed", source: "s", error: ERROR }, [CLUSTER_ERROR]],
  [{ type: "credentials-refreshed", source: "s" }, []],
  [
    { type: "request-failed", watch, verb: "watch", status: 503, error: ERROR, retryInMs: 1 },
    [["lifeline.watch.failures", 1, { watch, status: "503" }], CLUSTER_ERROR],
  ],
  [
    { type: "watch-state", watch, state: "watching" },
    [["lifeline.watch.transitions", 1, { watch, state: "watching" }]],
  ],
  [{ type: "list-started", watch, reason: "expired", method: "pages" }, []],
  [
    { type: "list-done", watch, count: 1, durationMs: 1500 },
    [["lifeline.watch.list.duration", 1.5]],
  ],
  [{ type: "list-resumed", watch }, []],
  [
    { type: "list-fallback", watch, reason: "never-ends" },
    [["lifeline.watch.fallbacks", 1, { watch, reason: "never-ends" }]],
  ],
])("countClusterReport() counts %j", (report, expected) => {
  const counts = countClusterReport(report);

  expect(plain(counts)).toEqual(expected);
});

test.each<[PipelineReport, unknown[]]>([
  [
    { type: "watch-stale", watch, silentMs: 300_000, error: undefined },
    [["lifeline.watch.blind", 1, { watch }]],
  ],
  [{ type: "watch-sees-again", watch }, []],
  [
    { type: "watch-forbidden", watch, missing: "m" },
    [["lifeline.watch.failures", 1, { watch, status: "403" }]],
  ],
  [
    { type: "commit", changes: 4, durationMs: 20 },
    [
      ["lifeline.history.commit.duration", 0.02],
      ["lifeline.history.changes", 4],
      ["lifeline.history.change.duration", 0.005],
    ],
  ],
  [{ type: "commit", changes: 0, durationMs: 20 }, [["lifeline.history.commit.duration", 0.02]]],
  [
    { type: "commit-failed", error: ERROR, changes: 1 },
    [["lifeline.process.errors", 1, { stage: "store" }]],
  ],
  [
    { type: "state-unreadable", error: ERROR },
    [["lifeline.process.errors", 1, { stage: "store" }]],
  ],
  [{ type: "commit-recovered", heldMs: 1 }, []],
  [
    { type: "stale-event", watch, object: "o" },
    [["lifeline.watch.skipped", 1, { watch, reason: "stale" }]],
  ],
  [
    { type: "object-skipped", watch, object: "o", error: ERROR },
    [
      ["lifeline.history.skipped", 1, { watch }],
      ["lifeline.process.errors", 1, { stage: "lifecycle" }],
    ],
  ],
  [{ type: "changes-withheld", changes: 3 }, [["lifeline.outbox.collapsed", 3]]],
  [{ type: "spans-dropped", spans: 7 }, [["lifeline.outbox.dropped", 7]]],
  [
    { type: "exported", signal: "logs", items: 7, durationMs: 500 },
    [
      ["lifeline.export.requests", 1, { signal: "logs", outcome: "accepted" }],
      ["lifeline.export.items", 7, { signal: "logs" }],
      ["lifeline.export.duration", 0.5, { signal: "logs" }],
    ],
  ],
  [
    { type: "export-failed", signal: "metrics", error: ERROR },
    [["lifeline.export.requests", 1, { signal: "metrics", outcome: "failed" }], OTLP_ERROR],
  ],
  [
    { type: "export-rejected", signal: "logs", items: 2, of: 3, message: "m" },
    [["lifeline.export.rejected", 2, { signal: "logs" }], OTLP_ERROR],
  ],
  [
    { type: "export-refused", signal: "logs", items: 2, error: ERROR },
    [
      ["lifeline.export.requests", 1, { signal: "logs", outcome: "refused" }],
      ["lifeline.export.rejected", 2, { signal: "logs" }],
      OTLP_ERROR,
    ],
  ],
  [
    { type: "export-unwelcome", signal: "logs", error: ERROR },
    [["lifeline.export.requests", 1, { signal: "logs", outcome: "failed" }], OTLP_ERROR],
  ],
  [
    { type: "export-set-aside", signal: "logs", items: 1, error: ERROR, forgotten: 0 },
    [
      ["lifeline.export.requests", 1, { signal: "logs", outcome: "refused" }],
      ["lifeline.export.rejected", 1, { signal: "logs" }],
      ["lifeline.export.dead_letters", 1, { outcome: "kept" }],
      OTLP_ERROR,
    ],
  ],
  [
    { type: "export-set-aside", signal: "logs", items: 1, error: ERROR, forgotten: 2 },
    [
      ["lifeline.export.requests", 1, { signal: "logs", outcome: "refused" }],
      ["lifeline.export.rejected", 1, { signal: "logs" }],
      ["lifeline.export.dead_letters", 1, { outcome: "kept" }],
      ["lifeline.export.dead_letters", 2, { outcome: "forgotten" }],
      OTLP_ERROR,
    ],
  ],
  [{ type: "export-recovered", signal: "logs", failedMs: 1 }, []],
  [{ type: "discovery-failed", error: ERROR }, [CLUSTER_ERROR]],
  [{ type: "watch-failed", watch, error: ERROR }, []],
  [
    { type: "watch-crashed", watch, error: ERROR },
    [["lifeline.process.errors", 1, { stage: "pipeline" }]],
  ],
])("countPipelineReport() counts %j", (report, expected) => {
  const counts = countPipelineReport(report);

  expect(plain(counts)).toEqual(expected);
});
