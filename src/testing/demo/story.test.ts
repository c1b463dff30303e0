import { expect, test } from "vitest";
import { fieldAt } from "../../util/json.ts";
import { createFakeClock } from "../fake-clock.ts";
import { SimulatedCluster } from "../simulated-api-server/simulated-cluster.ts";
import { applyStep } from "./apply-step.ts";
import { BACKUPS, DATABASES, DEMO_CRDS } from "./custom-kinds.ts";
import { createStory, type Story } from "./story.ts";
import type { StoryStep } from "./story-step.ts";

const SEEDS = [0, 1, 2, 3, 99, 2 ** 32 - 1];

/** Plays the story in no time; `seen` is every state that any object was in, as JSON, in order. */
function play(story: Story): {
  readonly cluster: SimulatedCluster;
  readonly seen: readonly string[];
} {
  const cluster = new SimulatedCluster({ clock: createFakeClock() });
  for (const crd of DEMO_CRDS) cluster.applyCrd(crd);
  const seen: string[] = [];
  for (const step of [...story.before, ...story.day]) {
    applyStep(cluster, step, 0);
    if (step.type !== "chapter") seen.push(JSON.stringify(cluster.get(step.ref)) ?? "gone");
  }
  return { cluster, seen };
}

function phasesOf(steps: readonly StoryStep[], name: string): readonly unknown[] {
  return steps
    .filter((step) => step.type === "status" && step.ref.name === name)
    .flatMap((step) =>
      step.type === "status" && step.status["phase"] !== undefined ? [step.status["phase"]] : [],
    );
}

test("createStory tells the same story for the same seed, another for another", () => {
  expect(createStory(5)).toEqual(createStory(5));
  expect(createStory(5)).not.toEqual(createStory(6));
});

test.each(SEEDS)(
  "the story of seed %i can be played and changes something at each step",
  (seed) => {
    const story = createStory(seed);

    const { cluster, seen } = play(story);

    expect(new Set(seen).size).toBe(seen.length);
    const phases = cluster.list(DATABASES).map((object) => fieldAt(object.status, "phase"));
    expect(phases).toEqual(["Ready", "Ready", "Ready", "Ready"]);
    const backups = cluster.list(BACKUPS).map((object) => fieldAt(object.status, "phase"));
    expect(backups).toHaveLength(3);
    expect(backups).toEqual(expect.arrayContaining(["Completed", "Failed", "Pending"]));
  },
);

test.each(SEEDS)("the steps of seed %i lie within the day, in order", (seed) => {
  const times = createStory(seed).day.map(({ at }) => at);

  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...times)).toBeLessThan(1);
});

test("the day has all that an operator sees: ready, degraded and back, upgraded, failed, recreated", () => {
  const story = createStory(1);
  const [, first, second, doomed] = story.databases.map(({ name }) => name);

  expect(phasesOf(story.day, first ?? "")).toEqual([
    "Pending",
    "Provisioning",
    "Ready",
    "Degraded",
    "Ready",
  ]);
  expect(phasesOf(story.day, second ?? "")).toEqual([
    "Pending",
    "Provisioning",
    "Ready",
    "Provisioning",
    "Ready",
  ]);
  expect(phasesOf(story.day, doomed ?? "")).toEqual([
    "Pending",
    "Provisioning",
    "Failed",
    "Pending",
    "Provisioning",
    "Ready",
  ]);
  expect(story.day.flatMap((step) => (step.type === "delete" ? [step.ref.name] : []))).toEqual([
    doomed,
  ]);
});

test("every password stands in an object at some time", () => {
  const story = createStory(1);

  const seen = play(story).seen.join("\n");

  expect(new Set(story.passwords).size).toBe(5);
  expect(story.passwords.filter((password) => !seen.includes(password))).toEqual([]);
});

test("a condition turns only when its status does", async () => {
  const clock = createFakeClock(0);
  const cluster = new SimulatedCluster({ clock });
  for (const crd of DEMO_CRDS) cluster.applyCrd(crd);
  const ref = { resource: DATABASES, namespace: "shop", name: "a" };
  const writer = { manager: "operator" };
  const report = (nowMs: number, status: "True" | "False", reason: string): void => {
    const conditions = [{ type: "Ready", status, reason, message: "" }];
    applyStep(cluster, { at: 0, type: "status", ref, writer, status: {}, conditions }, nowMs);
  };
  applyStep(cluster, { at: 0, type: "create", ref, writer, input: { labels: {}, spec: {} } }, 0);

  report(1000, "False", "Creating");
  report(2000, "False", "Waiting");
  const waiting = fieldAt(cluster.get(ref)?.status, "conditions");
  report(3000, "True", "Available");

  expect(waiting).toEqual([
    {
      type: "Ready",
      status: "False",
      reason: "Waiting",
      message: "",
      lastTransitionTime: "1970-01-01T00:00:01Z",
      observedGeneration: 1,
    },
  ]);
  expect(fieldAt(cluster.get(ref)?.status, "conditions")).toMatchObject([
    { status: "True", lastTransitionTime: "1970-01-01T00:00:03Z" },
  ]);
});
