import { expect, test } from "vitest";
import type { KindFacts } from "../../cluster/kube-object.ts";
import type { Health } from "../health-words.ts";
import { healthOfPhase } from "./phase-lexicon.ts";

function factsOf(kind: string, phases: readonly string[] = []): KindFacts {
  return {
    group: "example.com",
    version: "v1",
    kind,
    resource: "things",
    scope: "Namespaced",
    hasStatusSubresource: true,
    hints: { phases, printerColumns: [] },
  };
}

const WORDS: readonly (readonly [Health, string])[] = [
  [
    "failed",
    "Failed Failure Error Errored CrashLoop CrashLoopBackOff Invalid Rejected Lost Aborted",
  ],
  ["degraded", "Degraded Unhealthy Warning PartiallyFailed Unavailable"],
  [
    "progressing",
    "Pending Creating Provisioning Initializing Starting Updating Upgrading Restoring",
  ],
  ["progressing", "InProgress Waiting Queued Scheduling"],
  ["current", "Ready Running Active Available Bound Healthy Online Complete Completed"],
  ["current", "Succeeded Done Deployed Synced"],
  ["terminating", "Terminating Deleting"],
  ["suspended", "Suspended Paused Stopped Hibernated"],
];

const rows = WORDS.flatMap(([health, words]) =>
  words.split(" ").map((word) => [word, health] as const),
);

test.each(rows)("healthOfPhase() of %s is %s, whatever its case", (word, health) => {
  const facts = factsOf("Thing");

  const found = [word, word.toLowerCase(), word.toUpperCase()].map((phase) =>
    healthOfPhase(phase, facts),
  );

  expect(found).toEqual([health, health, health]);
});

test.each(["", "Frobbing", "Ready ", "NotReady", "__proto__", "constructor", "toString"])(
  "healthOfPhase() knows nothing of %j",
  (phase) => {
    expect(healthOfPhase(phase, factsOf("Thing"))).toBeUndefined();
  },
);

test.each([
  ["CronJob"],
  ["PipelineRun"],
  ["Task"],
  ["Backup"],
  ["Restore"],
  ["Workflow"],
  ["DataMigration"],
])("healthOfPhase() takes Running of the job-like kind %s for progressing", (kind) => {
  expect(healthOfPhase("Running", factsOf(kind))).toBe("progressing");
});

test.each([["Runner"], ["BackupSchedule"], ["JobQueue"], ["Airstrip"]])(
  "healthOfPhase() takes Running of %s for current",
  (kind) => {
    expect(healthOfPhase("Running", factsOf(kind))).toBe("current");
  },
);

test.each([
  [["Running", "Completed"], "progressing"],
  [["Running", "succeeded"], "progressing"],
  [["Running", "Complete"], "current"],
  [["Running", "Failed"], "current"],
])("healthOfPhase() of Running with the enum %j is %s", (phases, health) => {
  expect(healthOfPhase("Running", factsOf("Thing", phases))).toBe(health);
});
