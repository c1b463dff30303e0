import type { Writer } from "../simulated-api-server/managed-fields.ts";
import { BACKUPS } from "./custom-kinds.ts";
import {
  type Database,
  degradeSteps,
  driftSteps,
  failSteps,
  fightSteps,
  GITOPS,
  provisionSteps,
  removeSteps,
  rotateSteps,
  upgradeSteps,
} from "./database-steps.ts";
import { createRandom, hexDigits, pickSome } from "./random.ts";
import type { StoryStep } from "./story-step.ts";

/** An operator's day as data. */
export type Story = {
  /** What stood there before anybody looked. */
  readonly before: readonly StoryStep[];
  /** The day, in order. */
  readonly day: readonly StoryStep[];
  readonly databases: readonly Database[];
  /** All passwords that ever stood in an object. */
  readonly passwords: readonly string[];
};

const NAMES = [
  "accounts",
  "billing",
  "catalog",
  "inventory",
  "orders",
  "ratings",
  "sessions",
  "shipping",
];
const NAMESPACES = ["payments", "platform", "shop"];
const ENGINES = [
  { databaseType: "mongo-replica", scheme: "mongodb", version: "7.0", nextVersion: "8.0" },
  { databaseType: "postgres", scheme: "postgresql", version: "16", nextVersion: "17" },
  { databaseType: "mysql", scheme: "mysql", version: "8.0", nextVersion: "8.4" },
];
const BACKUP_OPERATOR: Writer = { manager: "backup-operator" };

/** How far a seed may shift a step, as a fraction of the day; less than any two steps of one object are apart. */
const JITTER = 0.004;

/**
 * What is not well for so much of the day is called stuck: longer than anything takes that ends well, and soon enough
 * for the one that never does.
 */
export const STUCK_AFTER = 0.25;

/** The same story for the same seed: cast, order, content, timing. */
export function createStory(seed: number): Story {
  const random = createRandom(seed);
  const databases = pickSome(NAMES, 4, random).map((name) => createDatabase(name, random));
  const [old, first, second, doomed] = databases;
  if (old === undefined || first === undefined || second === undefined || doomed === undefined) {
    throw new Error("Cannot tell a story with fewer than four databases");
  }
  const wish = { ...doomed, storageGb: 500 };
  const rotated = hexDigits(12, random);
  const day: readonly StoryStep[] = [
    chapter(0, `gitops rolls out ${first.name} and ${second.name}`),
    ...provisionSteps(first, { at: 0.01, length: 0.16 }, GITOPS),
    ...provisionSteps(second, { at: 0.04, length: 0.17 }, GITOPS),
    chapter(0.23, `a backup of ${old.name} runs`),
    ...backupSteps(old, { at: 0.24, length: 0.08 }, "Completed"),
    chapter(0.325, `a backup of ${second.name} waits for a volume that never comes`),
    ...stuckBackupSteps(second, 0.33),
    chapter(0.34, `a node goes down under ${first.name}`),
    ...degradeSteps(first, { at: 0.35, length: 0.13 }),
    chapter(
      0.49,
      `somebody upgrades ${second.name} to ${second.nextVersion}, and edits ${old.name} by hand`,
    ),
    ...upgradeSteps(second, { at: 0.5, length: 0.1 }),
    ...driftSteps(old, { at: 0.53, length: 0.05 }),
    chapter(0.595, `an autoscaler and gitops fight over ${first.name}`),
    ...fightSteps(first, { at: 0.6, length: 0.14 }),
    chapter(0.61, `somebody wants too much: ${doomed.name}`),
    ...failSteps(wish, { at: 0.62, length: 0.08 }),
    chapter(0.72, `${doomed.name} is deleted and made again, smaller`),
    ...removeSteps(wish, { at: 0.73, length: 0.03 }),
    ...provisionSteps(doomed, { at: 0.78, length: 0.16 }, GITOPS),
    chapter(
      0.83,
      `the evening's backup of ${first.name} fails, and ${old.name} gets a new password`,
    ),
    ...backupSteps(first, { at: 0.84, length: 0.09 }, "Failed"),
    ...rotateSteps(old, { at: 0.9, length: 0.05 }, rotated),
  ];
  return {
    before: provisionSteps(old, { at: 0, length: 1 }, GITOPS),
    day: inOrder(day.map((step) => shifted(step, random))),
    databases,
    passwords: [...databases.map(({ password }) => password), rotated],
  };
}

function createDatabase(role: string, random: () => number): Database {
  const [engine] = pickSome(ENGINES, 1, random);
  const [namespace] = pickSome(NAMESPACES, 1, random);
  if (engine === undefined || namespace === undefined)
    throw new Error("Cannot pick from an empty list");
  return {
    ...engine,
    namespace,
    name: `${role}-db`,
    team: role,
    replicas: 3,
    storageGb: 10 * (1 + Math.floor(random() * 5)),
    password: hexDigits(12, random),
  };
}

type Span = { readonly at: number; readonly length: number };

function backupSteps(
  database: Database,
  { at, length }: Span,
  end: "Completed" | "Failed",
): readonly StoryStep[] {
  const { namespace, name, team } = database;
  const ref = { resource: BACKUPS, namespace, name: `${name}-nightly` };
  const spec = { databaseName: name, schedule: "0 2 * * *" };
  const phases = ["Pending", "Running", end];
  const reports = phases.map((phase, index): StoryStep => {
    const reportedAt = at + (length * (index + 1)) / phases.length;
    return {
      at: reportedAt,
      type: "status",
      ref,
      writer: BACKUP_OPERATOR,
      status: { phase },
      conditions: [],
    };
  });
  return [
    { at, type: "create", ref, writer: GITOPS, input: { labels: { team }, spec } },
    ...reports,
  ];
}

/** Nobody ever ends it. */
function stuckBackupSteps(
  { namespace, name, team, storageGb }: Database,
  at: number,
): readonly StoryStep[] {
  const ref = { resource: BACKUPS, namespace, name: `${name}-weekly` };
  const spec = { databaseName: name, schedule: "0 3 * * 0" };
  const message = `No volume of ${storageGb} GiB is free in any zone`;
  return [
    { at, type: "create", ref, writer: GITOPS, input: { labels: { team }, spec } },
    {
      at: at + 0.01,
      type: "status",
      ref,
      writer: BACKUP_OPERATOR,
      status: { phase: "Pending" },
      conditions: [{ type: "Ready", status: "False", reason: "WaitingForVolume", message }],
    },
  ];
}

function chapter(at: number, title: string): StoryStep {
  return { at, type: "chapter", title };
}

function shifted(step: StoryStep, random: () => number): StoryStep {
  return step.type === "chapter" ? step : { ...step, at: step.at + random() * JITTER };
}

function inOrder(steps: readonly StoryStep[]): readonly StoryStep[] {
  return steps.toSorted((a, b) => a.at - b.at);
}
