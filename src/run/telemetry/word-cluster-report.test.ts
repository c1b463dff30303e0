import { expect, test } from "vitest";
import type { ClusterReport } from "../../cluster/report.ts";
import { wordClusterReport } from "./word-cluster-report.ts";

const ERROR = new Error("API server answered 403");
const watch = "pods";

/** A report, then level and message, or `undefined` where it is only counted. */
type Row = readonly [ClusterReport, (readonly [level: string, message: string])?];

/** One entry per report: a new one does not compile until it has its row. */
const ROWS: Readonly<Record<ClusterReport["type"], readonly Row[]>> = {
  "watch-state": [
    [{ type: "watch-state", watch, state: "listing" }, ["debug", "Watch of pods is listing"]],
    [{ type: "watch-state", watch, state: "watching" }, ["info", "Watching pods again"]],
  ],
  "list-started": [
    [
      { type: "list-started", watch, reason: "first-look", method: "stream" },
      ["debug", "Listing pods"],
    ],
  ],
  "list-fallback": [
    [{ type: "list-fallback", watch, reason: "refused" }, ["debug", "Listing pods page by page"]],
    [
      { type: "list-fallback", watch, reason: "never-ends" },
      ["info", "Listing pods page by page: the stream of what exists does not end"],
    ],
    [
      { type: "list-fallback", watch, reason: "cut-short" },
      [
        "info",
        "Listing pods page by page: the stream of what exists ends too soon, time and again",
      ],
    ],
  ],
  "list-resumed": [
    [{ type: "list-resumed", watch }, ["debug", "Listing pods goes on with a newer state"]],
  ],
  "list-done": [[{ type: "list-done", watch, count: 3, durationMs: 12 }, ["debug", "Listed pods"]]],
  relist: [[{ type: "relist", watch, reason: "expired" }, ["info", "Listing pods anew"]]],
  reconnect: [
    [{ type: "reconnect", watch, cause: "closed" }],
    [{ type: "reconnect", watch, cause: "unreadable" }],
    [
      { type: "reconnect", watch, cause: "idle" },
      ["info", "Watching pods anew: no byte came for too long"],
    ],
    [
      { type: "reconnect", watch, cause: "broken" },
      ["info", "Watching pods anew: the connection broke"],
    ],
    [
      { type: "reconnect", watch, cause: "error-frame" },
      ["info", "Watching pods anew: the API server ended it with an error"],
    ],
  ],
  "request-failed": [
    [
      {
        type: "request-failed",
        watch,
        verb: "list",
        status: 500,
        error: new Error("internal"),
        retryInMs: 800,
      },
      ["warn", "Cannot list pods: internal"],
    ],
    [
      {
        type: "request-failed",
        watch,
        verb: "watch",
        error: new Error("ECONNREFUSED"),
        retryInMs: 800,
      },
      ["warn", "Cannot watch pods: ECONNREFUSED"],
    ],
  ],
  "kind-forbidden": [
    [
      { type: "kind-forbidden", watch, verb: "list", error: ERROR, retryInMs: 60_000 },
      ["warn", "Not allowed to list pods; other kinds go on, this one is tried again"],
    ],
  ],
  "kind-missing": [
    [
      { type: "kind-missing", watch, error: ERROR, retryInMs: 60_000 },
      ["warn", "The API server does not serve pods, which discovery named; it is tried again"],
    ],
  ],
  "line-unreadable": [
    [
      { type: "line-unreadable", watch, problem: "no JSON", occurrence: 3, action: "skip" },
      ["warn", "Cannot read a line of the watch of pods: skipped it"],
    ],
    [
      { type: "line-unreadable", watch, problem: "no JSON", occurrence: 1, action: "reconnect" },
      ["warn", "Cannot read a line of the watch of pods: watching anew"],
    ],
    [
      { type: "line-unreadable", watch, problem: "no JSON", occurrence: 2, action: "relist" },
      ["warn", "Cannot read a line of the watch of pods: listing anew"],
    ],
  ],
  "item-unreadable": [
    [
      { type: "item-unreadable", watch, problem: "no uid" },
      ["warn", "Skipped an item in the list of pods that is no Kubernetes object"],
    ],
  ],
  "credentials-refreshed": [
    [
      { type: "credentials-refreshed", source: "token file" },
      ["info", "Credentials from token file can be read again"],
    ],
  ],
  "credentials-failed": [
    [
      {
        type: "credentials-failed",
        source: "token file",
        error: new Error("Cannot get credentials from token file: ENOENT"),
      },
      ["warn", "Cannot get credentials from token file: ENOENT; it is tried again"],
    ],
  ],
};

const TABLE = Object.values(ROWS).flatMap((rows) =>
  rows.map(([report, says]) => ({ report, says })),
);

test.each(TABLE)("wordClusterReport() words $report.type as $says", ({ report, says }) => {
  const wording = wordClusterReport(report);

  const expected =
    says === undefined ? { type: "silent" } : { type: "spoken", level: says[0], message: says[1] };
  expect(wording).toMatchObject(expected);
});

test("wordClusterReport() limits every warning", () => {
  const spoken = TABLE.map(({ report }) => wordClusterReport(report)).filter(
    (wording) => wording.type === "spoken",
  );

  const unlimited = spoken.filter(
    ({ level, repetition }) => level === "warn" && repetition === undefined,
  );

  expect(unlimited).toEqual([]);
});
