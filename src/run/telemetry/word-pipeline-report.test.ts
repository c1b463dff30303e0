import { expect, test } from "vitest";
import type { PipelineReport } from "../../pipeline/report.ts";
import { formatDuration } from "../../util/format-duration.ts";
import { wordPipelineReport } from "./word-pipeline-report.ts";

const FULL = new Error("disk full");
const DOWN = new Error("connect ECONNREFUSED 127.0.0.1:4317");
const watch = "pods";
const object = 'Pod "default/web"';

/** A report, then level and message, or `undefined` where it is only counted. */
type Row = readonly [PipelineReport, (readonly [level: string, message: string])?];

/** One entry per report: a new one does not compile until it has its row. */
const ROWS: Readonly<Record<PipelineReport["type"], readonly Row[]>> = {
  commit: [[{ type: "commit", changes: 3, durationMs: 4 }]],
  "commit-failed": [
    [
      { type: "commit-failed", error: FULL, changes: 3 },
      [
        "error",
        "Cannot write 3 changes to the state file: disk full; they are kept in memory, the watches wait, and it is tried again",
      ],
    ],
    [
      { type: "commit-failed", error: FULL, changes: 0 },
      [
        "error",
        "Cannot write to the state file: disk full; the watches wait, and it is tried again",
      ],
    ],
  ],
  "state-unreadable": [
    [
      { type: "state-unreadable", error: FULL },
      ["error", "Cannot read the state file: disk full; the watches wait, and it is tried again"],
    ],
  ],
  "commit-recovered": [
    [
      { type: "commit-recovered", heldMs: 12_000 },
      ["info", `The state file can be used again after ${formatDuration(12_000)}`],
    ],
  ],
  "watch-stale": [
    [
      { type: "watch-stale", watch, silentMs: 300_000, error: "Cannot watch pods: 503" },
      [
        "warn",
        "No sign of life from pods for 5m: Cannot watch pods: 503; the gauges of its objects are not sent until there is one",
      ],
    ],
    [
      { type: "watch-stale", watch, silentMs: 300_000, error: undefined },
      [
        "warn",
        "No sign of life from pods for 5m: nothing failed, the API server is silent; the gauges of its objects are not sent until there is one",
      ],
    ],
  ],
  "watch-sees-again": [
    [
      { type: "watch-sees-again", watch },
      ["info", "pods gives signs of life again: the gauges of its objects are sent again"],
    ],
  ],
  "watch-started": [
    [{ type: "watch-started", watch, from: undefined }, ["debug", "Watching pods begins"]],
  ],
  "watch-stopped": [
    [
      { type: "watch-stopped", watch, reason: "its kind is gone" },
      ["info", "Watching pods ended: its kind is gone"],
    ],
  ],
  "watch-forgotten": [
    [
      { type: "watch-forgotten", watch, objects: 3, untold: 0 },
      ["info", "Forgot pods, which is no longer configured, and what was remembered of 3 objects"],
    ],
    [
      { type: "watch-forgotten", watch, objects: 3, untold: 2 },
      [
        "info",
        "Forgot pods, which is no longer configured, and what was remembered of 3 objects; the last changes of 2 of them, which waited for room, are never told",
      ],
    ],
  ],
  "redaction-renewed": [
    [
      { type: "redaction-renewed", objects: 3, durationMs: 20, waiting: 0 },
      [
        "info",
        "Redacted what is remembered by the rules of this version: 3 objects hold less than before",
      ],
    ],
    [
      { type: "redaction-renewed", objects: 3, durationMs: 20, waiting: 7 },
      [
        "warn",
        "Redacted what is remembered by the rules of this version: 3 objects hold less than before; 7 records that wait to be sent were made by the old rules and go out as they are",
      ],
    ],
  ],
  "watch-synced": [
    [
      { type: "watch-synced", watch, objects: 3, durationMs: 20 },
      ["info", "Synced pods: 3 objects"],
    ],
  ],
  "watch-failed": [
    [
      { type: "watch-failed", watch, error: DOWN },
      ["debug", `Watching pods failed for now: ${DOWN.message}`],
    ],
  ],
  "watch-crashed": [
    [
      { type: "watch-crashed", watch, error: DOWN },
      [
        "error",
        `Cannot take what pods tells: ${DOWN.message}; it is asked again from the last position, please report this`,
      ],
    ],
  ],
  "watch-forbidden": [
    [
      { type: "watch-forbidden", watch, missing: 'needs verb "list" on "pods"' },
      ["warn", 'Not allowed to watch pods: needs verb "list" on "pods"; other kinds go on'],
    ],
  ],
  "watch-allowed": [[{ type: "watch-allowed", watch }, ["info", "Allowed to watch pods now"]]],
  "kind-gone": [
    [
      { type: "kind-gone", watch },
      ["info", "The API server no longer serves pods: its objects are gone"],
    ],
  ],
  "stale-event": [
    [{ type: "stale-event", watch, object }, ["debug", `Ignored an old version of ${object}`]],
  ],
  "object-skipped": [
    [
      { type: "object-skipped", watch, object, error: new Error("oops") },
      ["error", `Cannot make sense of ${object}: oops; it is skipped, please report this`],
    ],
  ],
  "first-look-withheld": [
    [
      { type: "first-look-withheld", watch, records: 80 },
      ["info", "Withheld 80 records of the first look at pods; LIFELINE_INITIAL=all sends them"],
    ],
  ],
  "outbox-full": [
    [
      { type: "outbox-full", sizeBytes: 65_600, maxBytes: 65_536 },
      [
        "warn",
        "65600 bytes of records wait for the collector, LIFELINE_OUTBOX_MAX is 65536: from now on the changes of each object collapse into one, which is told when there is room",
      ],
    ],
  ],
  "changes-withheld": [[{ type: "changes-withheld", changes: 3 }]],
  "spans-dropped": [
    [
      { type: "spans-dropped", spans: 7 },
      [
        "warn",
        "7 spans of traces that ended now found no room among what waits for the collector, and are lost",
      ],
    ],
  ],
  "outbox-caught-up": [
    [
      { type: "outbox-caught-up", behindMs: 60_000, changes: 12, netChanges: 5 },
      [
        "info",
        `All that found no room in the outbox is told, ${formatDuration(60_000)} after it was full: 12 changes collapsed into those of 5 objects`,
      ],
    ],
  ],
  exported: [[{ type: "exported", signal: "logs", items: 3, durationMs: 5 }]],
  "export-failed": [
    [
      { type: "export-failed", signal: "logs", error: DOWN },
      [
        "warn",
        `Cannot send logs to the collector: ${DOWN.message}; tried again until it takes them`,
      ],
    ],
  ],
  "export-recovered": [
    [
      { type: "export-recovered", signal: "metrics", failedMs: 200_000 },
      ["info", `The collector takes metrics again after ${formatDuration(200_000)}`],
    ],
  ],
  "export-rejected": [
    [
      { type: "export-rejected", signal: "logs", items: 2, of: 50, message: "too old" },
      [
        "warn",
        "The collector rejected 2 of 50 items of logs for good, it does not say which: too old",
      ],
    ],
    [
      { type: "export-rejected", signal: "metrics", items: 2, of: undefined, message: "too old" },
      [
        "warn",
        "The collector rejected 2 items of metrics for good, it does not say which: too old",
      ],
    ],
  ],
  "export-refused": [
    [
      { type: "export-refused", signal: "logs", items: 2, error: new Error("400") },
      ["error", "The collector refused 2 items of logs for good, they are lost: 400"],
    ],
  ],
  "export-unwelcome": [
    [
      { type: "export-unwelcome", signal: "logs", error: new Error("answered 404") },
      [
        "error",
        expect.stringMatching(
          /^The collector refuses all logs: answered 404; is OTEL_EXPORTER_OTLP_ENDPOINT its address/,
        ),
      ],
    ],
    [
      { type: "export-unwelcome", signal: "traces", error: new Error("answered 404") },
      ["error", expect.stringContaining("OTEL_TRACES_EXPORTER=none if it is to get none")],
    ],
  ],
  "export-set-aside": [
    [
      { type: "export-set-aside", signal: "logs", items: 1, error: new Error("400"), forgotten: 0 },
      [
        "error",
        "The collector refused 1 items of logs for good: 400; set aside, `lifeline dead-letters` prints them",
      ],
    ],
  ],
  "discovery-failed": [
    [
      { type: "discovery-failed", error: DOWN },
      ["warn", `Cannot find out what the API server serves: ${DOWN.message}`],
    ],
  ],
  "kinds-chosen": [
    [
      { type: "kinds-chosen", watches: ["pods"], hidden: [], unmatched: [] },
      ["info", "Watching 1 kind"],
    ],
    [
      { type: "kinds-chosen", watches: ["pods"], hidden: ["events"], unmatched: ["*.nowhere"] },
      ["warn", "Watching 1 kind; nothing matches *.nowhere of LIFELINE_RESOURCES"],
    ],
  ],
};

const TABLE = Object.values(ROWS).flatMap((rows) =>
  rows.map(([report, says]) => ({ report, says })),
);

test.each(TABLE)("wordPipelineReport() words $report.type as $says", ({ report, says }) => {
  const wording = wordPipelineReport(report);

  const expected =
    says === undefined ? { type: "silent" } : { type: "spoken", level: says[0], message: says[1] };
  expect(wording).toMatchObject(expected);
});

test("wordPipelineReport() lists the first of very many kinds and counts the others", () => {
  const watches = Array.from({ length: 60 }, (_, index) => `kind-${index}`);

  const wording = wordPipelineReport({ type: "kinds-chosen", watches, hidden: [], unmatched: [] });

  expect(wording).toMatchObject({
    message: "Watching 60 kinds",
    fields: { watches: [...watches.slice(0, 50), "and 10 more"] },
  });
});

test.each([
  [
    { type: "export-failed", signal: "logs", error: DOWN },
    { type: "export-recovered", signal: "logs", failedMs: 1 },
  ],
  [
    { type: "export-unwelcome", signal: "logs", error: DOWN },
    { type: "export-recovered", signal: "logs", failedMs: 1 },
  ],
  [
    { type: "commit-failed", error: FULL, changes: 1 },
    { type: "commit-recovered", heldMs: 1 },
  ],
] as const)(
  "wordPipelineReport() gives failure and recovery the same subject: %j",
  (failed, recovered) => {
    const [first, second] = [wordPipelineReport(failed), wordPipelineReport(recovered)];

    const subjects = [first, second].map((wording) =>
      wording.type === "spoken" ? wording.repetition?.subject : undefined,
    );
    expect(subjects[0]).toBeDefined();
    expect(subjects[1]).toBe(subjects[0]);
  },
);
