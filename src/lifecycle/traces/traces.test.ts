import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject, ObjectMeta } from "../../cluster/kube-object.ts";
import type { Change } from "../../history/change.ts";
import { drawTrace } from "../../testing/draw-trace.ts";
import { changeBetween, database, DATABASE_KIND } from "../../testing/kube-change.ts";
import { formatRfc3339 } from "../../util/format-rfc3339.ts";
import { sha256 } from "../../util/sha256.ts";
import { createInterpret } from "../interpret.ts";
import { decodeMemory, encodeMemory, type Memory } from "../memory.ts";
import type { LogSignal, Signal, Span, SpanLink, TraceSignal } from "../signal.ts";
import { createSampler } from "./sampler.ts";

const T0 = Date.parse("2023-10-26T10:00:00Z");
const HOUR_MS = 3_600_000;
const interpret = createInterpret({ traces: { maxMs: 6 * HOUR_MS, isSampled: () => true } });

type Conditions = Readonly<Record<string, string>>;
type Look = {
  readonly generation?: number | undefined;
  readonly observed?: number;
  /** By type, `status` or `status reason`, or `status reason lastTransitionTime` in seconds after T0. */
  readonly conditions?: Conditions;
  readonly phase?: string;
  readonly spec?: unknown;
  readonly metadata?: Partial<ObjectMeta>;
};

/** The object as one look finds it, created at T0. */
function look({ generation = 1, observed, conditions, phase, spec, metadata }: Look): KubeObject {
  const status = {
    ...(observed === undefined ? {} : { observedGeneration: observed }),
    ...(phase === undefined ? {} : { phase }),
    ...(conditions === undefined
      ? {}
      : { conditions: Object.entries(conditions).map(toCondition) }),
  };
  return database({
    metadata: { creationTimestamp: formatRfc3339(T0), generation, ...metadata },
    ...(spec === undefined ? {} : { spec }),
    ...(Object.keys(status).length === 0 ? {} : { status }),
  });
}

function toCondition([type, text]: readonly [string, string]): unknown {
  const [status, reason = "", atSeconds] = text.split(" ");
  const lastTransitionTime =
    atSeconds === undefined ? undefined : formatRfc3339(T0 + Number(atSeconds) * 1_000);
  return { type, status, reason, message: `${type} says ${reason}`, lastTransitionTime };
}

type Step = {
  readonly atMs: number;
  readonly look?: Look;
  readonly cause?: "first-look" | "created" | "gone" | "time";
  readonly late?: boolean;
  readonly writtenAtMs?: number;
  /** Nobody saw how it looked when it went. */
  readonly unseen?: boolean;
};

/** Plays what is seen of one object; between any two steps its memory goes through the row, as in a restart. */
function play(steps: readonly Step[], fold = interpret): readonly Signal[] {
  const signals: Signal[] = [];
  let before: KubeObject | undefined;
  let memory: Memory | undefined;
  for (const step of steps) {
    const object = step.look === undefined ? before : look(step.look);
    if (object === undefined) throw new Error("Cannot begin without a look");
    const outcome = fold(changeOf(step, before, object), memory);
    signals.push(...outcome.signals);
    memory = decodeMemory(encodeMemory(outcome.memory));
    before = object;
  }
  return signals;
}

function changeOf(step: Step, before: KubeObject | undefined, object: KubeObject): Change {
  const base = {
    kind: DATABASE_KIND,
    observedAtMs: T0 + step.atMs,
    ...(step.late === true ? { isLate: true } : {}),
  };
  if (step.cause === "time") return { ...base, type: "elapsed", after: object };
  if (step.cause === "gone")
    return {
      ...base,
      type: "disappeared",
      before: object,
      cause: "deleted",
      finalStateUnknown: step.unseen === true,
    };
  if (before === undefined)
    return {
      ...base,
      type: "appeared",
      after: object,
      cause: step.cause === "first-look" ? "first-look" : "created",
      specWrite: { managers: ["kubectl/Apply"], atMs: T0 },
    };
  const writtenAtMs = step.writtenAtMs === undefined ? {} : { writtenAtMs: T0 + step.writtenAtMs };
  const atMs = step.writtenAtMs === undefined ? {} : { atMs: T0 + step.writtenAtMs };
  return {
    ...changeBetween(before, object, { managers: ["kubectl/Apply"], ...writtenAtMs }),
    ...base,
    specWrite: { managers: ["kubectl/Apply"], ...atMs },
  };
}

function tracesOf(signals: readonly Signal[]): readonly TraceSignal[] {
  return signals.filter((signal) => signal.type === "trace");
}

function drawn(steps: readonly Step[]): readonly string[] {
  return tracesOf(play(steps)).map(({ spans }) => drawTrace(spans));
}

const NEW: Step = { atMs: 300, look: {} };
const DELETED: Look = {
  generation: 2,
  observed: 1,
  metadata: {
    finalizers: ["a/one"],
    deletionTimestamp: formatRfc3339(T0 + 4_000),
    deletionGracePeriodSeconds: 0,
  },
};

test.each<{
  readonly what: string;
  readonly steps: readonly Step[];
  readonly told: readonly string[];
}>([
  {
    what: "current: the stages that it passed",
    steps: [
      NEW,
      {
        atMs: 1_000,
        look: { observed: 1, phase: "Pending", conditions: { Ready: "False Pending" } },
      },
      {
        atMs: 5_000,
        look: {
          observed: 1,
          phase: "Provisioning",
          conditions: { Ready: "False Provisioning", StorageReady: "False" },
        },
      },
      {
        atMs: 9_000,
        look: {
          observed: 1,
          phase: "Provisioning",
          conditions: { Ready: "False Provisioning", StorageReady: "True" },
        },
      },
      {
        atMs: 20_300,
        look: { observed: 1, phase: "Ready", conditions: { Ready: "True", StorageReady: "True" } },
      },
    ],
    told: [
      `CustomDatabase converge 0–20000 current Ready
  observe 0–700
  condition StorageReady 0–8700 (1 events)
  condition Ready 0–20000 Provisioning (2 events)
  phase Pending 700–4700
  phase Provisioning 4700–20000`,
    ],
  },
  {
    what: "failed, and recovered at the same generation",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 5_300, look: { observed: 1, conditions: { Ready: "False Pulling" } } },
      { atMs: 9_300, look: { observed: 1, conditions: { Ready: "True" } } },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
      `CustomDatabase disruption 0–7000 current Ready
  condition Ready 0–7000 Pulling (1 events)`,
    ],
  },
  {
    what: "failed, once, where it was never well at that generation",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      {
        atMs: 9_300,
        look: { generation: 2, observed: 1, spec: 2, conditions: { Ready: "False PullFailed" } },
      },
      {
        atMs: 11_300,
        look: { generation: 2, observed: 2, spec: 2, conditions: { Ready: "False PullFailed" } },
      },
      { atMs: 7 * HOUR_MS, cause: "time" },
      { atMs: 8 * HOUR_MS, cause: "gone" },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
      `CustomDatabase converge 0–2000 failed Ready (1 events)
  observe 0–2000
  condition Ready 0–2000 PullFailed (1 events)`,
    ],
  },
  {
    what: "what was found failed, and recovered",
    steps: [
      {
        atMs: 30_000,
        cause: "first-look",
        late: true,
        look: { observed: 1, conditions: { Ready: "False PullFailed 12" } },
      },
      { atMs: 40_000, look: { observed: 1, conditions: { Ready: "True x 40" } } },
    ],
    told: ["CustomDatabase disruption 0–28000 current Ready\n  condition Ready 0–28000 PullFailed"],
  },
  {
    what: "each time that it failed and recovered at the same generation",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 4_300, look: { observed: 1, conditions: { Ready: "True" } } },
      { atMs: 6_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 9_300, look: { observed: 1, conditions: { Ready: "True" } } },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
      "CustomDatabase disruption 0–2000 current Ready\n  condition Ready 0–2000 ImagePullFailed",
      "CustomDatabase disruption 0–3000 current Ready\n  condition Ready 0–3000 ImagePullFailed",
    ],
  },
  {
    what: "nothing of a recovery after a deletion was requested",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 4_000, look: { ...DELETED, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 5_000, look: { ...DELETED, conditions: { Ready: "True" } } },
      { atMs: 6_000, cause: "gone" },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
      "CustomDatabase delete 0–2000 deleted\n  finalizer a/one 0–2000",
    ],
  },
  {
    what: "nothing of a recovery after more than the longest time",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      { atMs: 7 * HOUR_MS, look: { observed: 1, conditions: { Ready: "True" } } },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
    ],
  },
  {
    what: "the same of a recovery that nobody watched",
    steps: [
      NEW,
      { atMs: 2_300, look: { observed: 1, conditions: { Ready: "False ImagePullFailed" } } },
      {
        atMs: 9 * HOUR_MS,
        late: true,
        look: { observed: 1, conditions: { Ready: "True x 25200" } },
      },
    ],
    told: [
      `CustomDatabase converge 0–2000 failed Ready
  observe 0–2000
  condition Ready 0–2000 ImagePullFailed (1 events)`,
    ],
  },
  {
    what: "a recovery from when its work ended, by a clock that is behind, too",
    steps: [
      { atMs: 300_000, look: {} },
      {
        atMs: 360_000,
        late: true,
        look: { observed: 1, conditions: { Ready: "False ImagePullFailed 30" } },
      },
      { atMs: 400_000, look: { observed: 1, conditions: { Ready: "True x 100" } } },
    ],
    told: [
      `CustomDatabase converge 0–60000 failed Ready
  observe 0–60000
  condition Ready 0–60000 ImagePullFailed (1 events)`,
      "CustomDatabase disruption 0–40000 current Ready\n  condition Ready 0–40000 ImagePullFailed",
    ],
  },
  {
    what: "nothing of what was found failed, but nobody knows since when",
    steps: [
      {
        atMs: 30_000,
        cause: "first-look",
        late: true,
        look: { observed: 1, phase: "Failed" },
      },
      { atMs: 40_000, look: { observed: 1, phase: "Ready" } },
    ],
    told: [],
  },
  {
    what: "superseded, and superseded again",
    steps: [
      { atMs: 0, look: { observed: 0 } },
      { atMs: 1_000, look: { generation: 2, observed: 1, spec: 2 } },
      { atMs: 3_000, look: { generation: 3, observed: 1, spec: 3 } },
      { atMs: 4_000, look: { generation: 3, observed: 3, spec: 3, conditions: { Ready: "True" } } },
    ],
    told: [
      "CustomDatabase converge 0–1000 superseded\n  observe 0–1000",
      "CustomDatabase converge 0–2000 superseded\n  observe 0–2000",
      "CustomDatabase converge 0–1000 current Ready\n  observe 0–1000\n  condition Ready 0–1000",
    ],
  },
  {
    what: "deleted before it was done, and the deletion by its finalizers",
    steps: [
      { atMs: 0, look: { observed: 0, metadata: { finalizers: ["a/one", "a/two"] } } },
      {
        atMs: 2_000,
        look: {
          generation: 2,
          observed: 0,
          metadata: {
            finalizers: ["a/one", "a/two"],
            deletionTimestamp: formatRfc3339(T0 + 2_000),
            deletionGracePeriodSeconds: 0,
          },
        },
      },
      {
        atMs: 5_000,
        look: {
          generation: 2,
          observed: 0,
          metadata: {
            finalizers: ["a/two"],
            deletionTimestamp: formatRfc3339(T0 + 2_000),
            deletionGracePeriodSeconds: 0,
          },
        },
      },
      { atMs: 9_000, cause: "gone" },
    ],
    told: [
      "CustomDatabase converge 0–2000 deleted\n  observe 0–2000",
      "CustomDatabase delete 0–7000 deleted\n  finalizer a/one 0–3000\n  finalizer a/two 0–7000",
    ],
  },
  {
    what: "gone without a word",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      { atMs: 4_000, cause: "gone" },
    ],
    told: ["CustomDatabase converge 0–4000 deleted Ready\n  condition Ready 0–4000"],
  },
  {
    what: "a deletionTimestamp that lies ahead by its grace period",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "True" } } },
      {
        atMs: 10_000,
        cause: "gone",
        look: {
          generation: 2,
          metadata: {
            deletionTimestamp: formatRfc3339(T0 + 35_000),
            deletionGracePeriodSeconds: 30,
          },
        },
      },
    ],
    told: ["CustomDatabase delete 0–5000 deleted"],
  },
  {
    what: "timed out, at its time even if the clock was late",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      { atMs: 6 * HOUR_MS + 5_000, cause: "time" },
      { atMs: 7 * HOUR_MS, look: { observed: 1, conditions: { Ready: "True" } } },
    ],
    told: ["CustomDatabase converge 0–21600000 timed_out Ready\n  condition Ready 0–21600000"],
  },
  {
    what: "timed out, at its time, though it was done later while nobody watched",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 9 * HOUR_MS,
        late: true,
        look: { observed: 1, conditions: { Ready: "True x 25200" } },
      },
    ],
    told: ["CustomDatabase converge 0–21600000 timed_out Ready\n  condition Ready 0–21600000"],
  },
  {
    what: "timed out, though it failed, or its spec was written, later while nobody watched",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 9 * HOUR_MS,
        late: true,
        look: { observed: 1, conditions: { Ready: "False ImagePullFailed 25200" } },
      },
      {
        atMs: 9 * HOUR_MS + 1_000,
        look: { generation: 2, observed: 1, conditions: { Ready: "False Pulling 25200" }, spec: 2 },
      },
      {
        atMs: 18 * HOUR_MS,
        late: true,
        writtenAtMs: 17 * HOUR_MS,
        look: { generation: 3, observed: 2, conditions: { Ready: "False Pulling 25200" }, spec: 3 },
      },
    ],
    told: [
      "CustomDatabase converge 0–21600000 timed_out Ready\n  condition Ready 0–21600000",
      `CustomDatabase converge 0–21600000 timed_out Ready
  observe 0–21600000
  condition Ready 0–21600000 Pulling (1 events)`,
    ],
  },
  {
    what: "done in time, though that was seen late",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 9 * HOUR_MS,
        late: true,
        look: { observed: 1, conditions: { Ready: "True x 3600" } },
      },
    ],
    told: ["CustomDatabase converge 0–3600000 current Ready\n  condition Ready 0–3600000"],
  },
  {
    what: "flapping: a span for each time",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False", DiskReady: "False" } } },
      { atMs: 1_000, look: { observed: 1, conditions: { Ready: "False", DiskReady: "True" } } },
      {
        atMs: 2_000,
        look: { observed: 1, conditions: { Ready: "False", DiskReady: "False Again" } },
      },
      { atMs: 3_000, look: { observed: 1, conditions: { Ready: "False", DiskReady: "True" } } },
      { atMs: 4_000, look: { observed: 1, conditions: { Ready: "True", DiskReady: "True" } } },
    ],
    told: [
      `CustomDatabase converge 0–4000 current Ready
  condition DiskReady 0–1000
  condition Ready 0–4000
  condition DiskReady 2000–3000 Again`,
    ],
  },
  {
    what: "without observedGeneration a stale Ready=True ends nothing",
    steps: [
      { atMs: 0, look: { conditions: { Ready: "True" } } },
      { atMs: 1_000, look: { generation: 2, spec: 2, conditions: { Ready: "True" } } },
      {
        atMs: 2_000,
        look: { generation: 2, spec: 2, conditions: { Ready: "True", Progressing: "True" } },
      },
      {
        atMs: 3_000,
        look: {
          generation: 2,
          spec: 2,
          conditions: { Ready: "False Rolling", Progressing: "True" },
        },
      },
      {
        atMs: 8_000,
        look: { generation: 2, spec: 2, conditions: { Ready: "True", Progressing: "False" } },
      },
    ],
    told: [
      "CustomDatabase converge 0–7000 current Ready (2 events)\n  condition Ready 2000–7000 Rolling",
    ],
  },
  {
    what: "without observedGeneration what was lost and regained while nobody watched, by its own word",
    steps: [
      { atMs: 0, look: { conditions: { Ready: "True x -60", DiskReady: "True x -60" } } },
      {
        atMs: 1_000,
        look: {
          generation: 2,
          spec: 2,
          conditions: { Ready: "True x -60", DiskReady: "True x -60" },
        },
      },
      {
        atMs: 600_000,
        late: true,
        look: {
          generation: 2,
          spec: 2,
          conditions: { Ready: "True x 33", DiskReady: "True x -60" },
        },
      },
      {
        atMs: 900_000,
        late: true,
        writtenAtMs: 700_000,
        look: {
          generation: 3,
          spec: 3,
          conditions: { Ready: "True x 745", DiskReady: "True x 730" },
        },
      },
      {
        atMs: 1_000_000,
        late: true,
        writtenAtMs: 950_000,
        look: {
          generation: 4,
          spec: 4,
          conditions: { Ready: "True x 745", DiskReady: "True x 730" },
        },
      },
    ],
    told: [
      "CustomDatabase converge 0–32000 current Ready",
      "CustomDatabase converge 0–45000 current Ready",
    ],
  },
  {
    what: "nothing without observedGeneration where a condition only says that it is good since earlier",
    steps: [
      { atMs: 0, look: { conditions: { Ready: "True x -60" } } },
      { atMs: 1_000, look: { generation: 2, spec: 2, conditions: { Ready: "True x -60" } } },
      {
        atMs: 600_000,
        late: true,
        look: { generation: 2, spec: 2, conditions: { Ready: "True x -90" } },
      },
    ],
    told: [],
  },
  {
    what: "nothing without observedGeneration where a condition that stays good is only dated anew",
    steps: [
      { atMs: 0, look: { conditions: { Ready: "True x -60" } } },
      { atMs: 1_000, look: { generation: 2, spec: 2, conditions: { Ready: "True x -60" } } },
      { atMs: 6_000, look: { generation: 2, spec: 2, conditions: { Ready: "True x 6" } } },
    ],
    told: [],
  },
  {
    what: "without observedGeneration by phases alone",
    steps: [
      { atMs: 0, look: { phase: "Pending" } },
      { atMs: 3_000, look: { phase: "Creating" } },
      { atMs: 5_000, look: { phase: "Ready" } },
    ],
    told: [
      "CustomDatabase converge 0–5000 current\n  phase Pending 0–3000\n  phase Creating 3000–5000",
    ],
  },
  { what: "nothing of what shows nothing", steps: [NEW, { atMs: 9_000, cause: "gone" }], told: [] },
  {
    what: "a disruption, from its loss to its recovery",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      { atMs: 1_000, look: { observed: 1, conditions: { Ready: "True x 1" } } },
      { atMs: 60_500, look: { observed: 1, conditions: { Ready: "False PodLost 60" } } },
      { atMs: 75_500, look: { observed: 1, conditions: { Ready: "True x 75" } } },
    ],
    told: [
      "CustomDatabase converge 0–1000 current Ready\n  condition Ready 0–1000",
      "CustomDatabase disruption 0–15000 current Ready\n  condition Ready 0–15000 PodLost",
    ],
  },
  {
    what: "nothing of what is found in progress since longer than the longest time",
    steps: [
      {
        atMs: 7 * HOUR_MS,
        cause: "first-look",
        late: true,
        look: { observed: 1, conditions: { Ready: "False Waiting 2" } },
      },
      { atMs: 8 * HOUR_MS, look: { observed: 1, conditions: { Ready: "True x 28800" } } },
    ],
    told: [],
  },
  {
    what: "what happened a moment before it was looked at late: by when it was seen",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      { atMs: 31_000, late: true, look: { observed: 1, conditions: { Ready: "True x 30" } } },
    ],
    told: ["CustomDatabase converge 0–31000 current Ready\n  condition Ready 0–31000"],
  },
  {
    what: "timed out, though its deletion was requested later while nobody watched",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 9 * HOUR_MS,
        late: true,
        look: {
          ...DELETED,
          metadata: { ...DELETED.metadata, deletionTimestamp: formatRfc3339(T0 + 7 * HOUR_MS) },
        },
      },
      { atMs: 9 * HOUR_MS + 1_000, cause: "gone" },
    ],
    told: [
      "CustomDatabase converge 0–21600000 timed_out Ready\n  condition Ready 0–21600000",
      "CustomDatabase delete 0–7201000 deleted\n  finalizer a/one 0–7201000",
    ],
  },
  {
    what: "found in progress: from the recorded times",
    steps: [
      {
        atMs: 30_000,
        cause: "first-look",
        late: true,
        look: { observed: 1, conditions: { Ready: "False Waiting 2", StorageReady: "True x 12" } },
      },
      {
        atMs: 40_000,
        look: { observed: 1, conditions: { Ready: "True x 40", StorageReady: "True x 12" } },
      },
    ],
    told: [
      `CustomDatabase converge 0–40000 current Ready
  condition StorageReady 0–12000
  condition Ready 0–40000 Waiting (1 events)`,
    ],
  },
  {
    what: "nothing of what was finished before the first look",
    steps: [
      {
        atMs: 30_000,
        cause: "first-look",
        late: true,
        look: { observed: 1, conditions: { Ready: "True x 12" } },
      },
      { atMs: 40_000, look: { observed: 1, conditions: { Ready: "True x 12" }, phase: "Ready" } },
    ],
    told: [],
  },
  {
    what: "what happened while nobody watched: by the recorded times",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 600_000,
        late: true,
        writtenAtMs: 33_000,
        look: { observed: 1, conditions: { Ready: "True x 33" } },
      },
    ],
    told: ["CustomDatabase converge 0–33000 current Ready\n  condition Ready 0–33000"],
  },
  {
    what: "a cluster whose clock is five minutes behind",
    steps: [
      { atMs: 300_000, look: { observed: 1, conditions: { Ready: "False x 0" } } },
      {
        atMs: 310_000,
        writtenAtMs: 10_000,
        look: { observed: 1, conditions: { Ready: "True x 10" } },
      },
    ],
    told: ["CustomDatabase converge 0–10000 current Ready\n  condition Ready 0–10000 x"],
  },
  {
    what: "what happened while nobody watched: by when it was seen, where the cluster says that it was before it began",
    steps: [
      {
        atMs: 300_000,
        look: { observed: 1, conditions: { Ready: "False x 0", DiskReady: "False" } },
      },
      {
        atMs: 310_000,
        late: true,
        writtenAtMs: 10_000,
        look: { observed: 1, conditions: { Ready: "True x 10", DiskReady: "True x 9" } },
      },
    ],
    told: [
      `CustomDatabase converge 0–10000 current Ready
  condition Ready 0–10000 x
  condition DiskReady 0–10000`,
    ],
  },
  {
    what: "a deletion that was requested before its work was seen to begin, by a clock that is behind",
    steps: [
      { atMs: 300_000, look: { observed: 1, conditions: { Ready: "False x 0" } } },
      {
        atMs: 310_000,
        late: true,
        cause: "gone",
        look: {
          generation: 2,
          metadata: { deletionTimestamp: formatRfc3339(T0 + 5_000), deletionGracePeriodSeconds: 0 },
        },
      },
    ],
    told: [
      "CustomDatabase converge 0–10000 deleted Ready\n  condition Ready 0–10000 x",
      "CustomDatabase delete 0–305000 deleted",
    ],
  },
  {
    what: "a cluster whose clock is five minutes ahead, looked at late",
    steps: [
      { atMs: -300_000, late: true, look: { observed: 1, conditions: { Ready: "False x 0" } } },
      {
        atMs: -290_000,
        writtenAtMs: 10_000,
        look: { observed: 1, conditions: { Ready: "True x 10" } },
      },
    ],
    told: ["CustomDatabase converge 0–10000 current Ready\n  condition Ready 0–10000 x"],
  },
  {
    what: "nothing of what is switched off",
    steps: [
      { atMs: 0, look: { observed: 1, conditions: { Ready: "False" } } },
      {
        atMs: 1_000,
        look: {
          generation: 2,
          observed: 1,
          spec: { paused: true },
          conditions: { Ready: "False" },
        },
      },
      {
        atMs: 2_000,
        look: { generation: 2, observed: 2, spec: { paused: true }, conditions: { Ready: "True" } },
      },
      { atMs: 3_000, cause: "gone" },
    ],
    told: ["CustomDatabase converge 0–1000 superseded Ready\n  condition Ready 0–1000"],
  },
])("a trace tells $what", ({ steps, told }) => {
  expect(drawn(steps)).toEqual(told);
});

const READY: readonly Step[] = [
  { atMs: 400, look: { observed: 1, conditions: { Ready: "False" } } },
  {
    atMs: 5_700,
    writtenAtMs: 5_000,
    look: { observed: 1, conditions: { Ready: "True Up 5" } },
  },
];

function logsOf(signals: readonly Signal[]): readonly LogSignal[] {
  return signals.filter((signal) => signal.type === "log");
}

test("ids are hashes of the object, the role and the generation, and records have them from the first moment", () => {
  const traceId = sha256("lifeline/trace\0uid-1\0converge\x001\x000").slice(0, 32);
  const spanId = sha256(`${traceId}\0CustomDatabase converge\x000`).slice(0, 16);

  const signals = play(READY);

  const [trace] = tracesOf(signals);
  expect(trace).toMatchObject({ traceId, namespace: "default" });
  expect(trace?.spans[0]).toMatchObject({ spanId });
  expect(trace?.spans[1]).toMatchObject({
    name: "condition Ready",
    parentSpanId: spanId,
    spanId: sha256(`${traceId}\0condition Ready\x000`).slice(0, 16),
  });
  const contexts = logsOf(signals).map((record) => record.trace);
  expect(new Set(contexts.map((context) => JSON.stringify(context)))).toEqual(
    new Set([JSON.stringify({ traceId, spanId, isSampled: true })]),
  );
});

test("two replicas that saw other things at other times give the same ids", () => {
  const other: readonly Step[] = [
    {
      atMs: 9_000,
      late: true,
      cause: "first-look",
      look: { observed: 1, conditions: { Ready: "False" } },
    },
    { atMs: 12_000, look: { observed: 1, conditions: { Ready: "True Up 5" } } },
  ];

  const [one, two] = [READY, other].map((steps) => tracesOf(play(steps))[0]);

  expect(two?.traceId).toBe(one?.traceId);
  expect(two?.spans.map(({ spanId }) => spanId)).toEqual(one?.spans.map(({ spanId }) => spanId));
});

test("a new object under an old name has a trace of its own", () => {
  const [one, two] = ["uid-1", "uid-2"].map((uid) =>
    tracesOf(play(READY.map((step) => ({ ...step, look: { ...step.look, metadata: { uid } } })))),
  );

  expect(two?.[0]?.traceId).not.toBe(one?.[0]?.traceId);
});

test("the root says what is searched for, by which clock it goes, and what the other says", () => {
  const [trace] = tracesOf(play(READY));

  expect(trace?.spans[0]).toEqual({
    spanId: expect.any(String),
    name: "CustomDatabase converge",
    startMs: T0 + 400,
    endMs: T0 + 5_700,
    events: [],
    links: [],
    attributes: {
      "k8s.object.kind": "CustomDatabase",
      "k8s.object.group": "custom.example.com",
      "k8s.object.api_version": "custom.example.com/v1",
      "k8s.object.name": "my-app-db",
      "k8s.object.uid": "uid-1",
      "k8s.object.resource_version": "1234",
      "k8s.object.generation": 1,
      "lifeline.role": "converge",
      "lifeline.health": "current",
      "lifeline.health.reason": "Up",
      "lifeline.outcome": "current",
      "lifeline.duration": 5.3,
      "lifeline.change.managers": ["kubectl/Apply"],
      "lifeline.waiting_for": "Ready",
      "lifeline.start": "observed",
      "lifeline.recorded_start": "2023-10-26T10:00:00Z",
      "lifeline.end": "observed",
      "lifeline.recorded_end": "2023-10-26T10:00:05Z",
    },
  });
});

test("what is found in progress says that its start was recorded", () => {
  const steps: readonly Step[] = [
    {
      atMs: 30_000,
      cause: "first-look",
      late: true,
      look: { observed: 1, conditions: { Ready: "False" } },
    },
    { atMs: 40_000, look: { observed: 1, conditions: { Ready: "True" } } },
  ];

  const [trace] = tracesOf(play(steps));

  expect(trace?.spans[0]).toMatchObject({
    startMs: T0,
    attributes: {
      "lifeline.start": "recorded",
      "lifeline.observed_start": "2023-10-26T10:00:30Z",
      "lifeline.end": "observed",
    },
  });
});

test("what the object looks like once its spec was written again is told of that generation alone", () => {
  const [superseded, current] = tracesOf(
    play([
      { atMs: 0, look: { observed: 0 } },
      { atMs: 1_000, look: { generation: 2, observed: 1, spec: 2 } },
      { atMs: 4_000, look: { generation: 2, observed: 2, spec: 2, conditions: { Ready: "True" } } },
    ]),
  ).map(({ spans: [root] }) => root.attributes);

  expect(superseded).toHaveProperty(["lifeline.outcome"], "superseded");
  expect(superseded).not.toHaveProperty(["lifeline.health"]);
  expect(current).toHaveProperty(["lifeline.health"], "current");
});

test("only a failure is an error, with what the object says about it", () => {
  const failed = play([
    NEW,
    { atMs: 2_000, look: { observed: 1, conditions: { Ready: "False PullFailed" } } },
  ]);

  expect(tracesOf(failed)[0]?.spans[0].error).toBe("Ready is False: Ready says PullFailed");
  expect(tracesOf(play(READY))[0]?.spans[0]).not.toHaveProperty("error");
});

test("deletions and disruptions have traces of their own, linked to their generation's", () => {
  const metadata = { deletionTimestamp: formatRfc3339(T0 + 90_000), finalizers: ["a/b"] };
  const signals = play([
    ...READY,
    { atMs: 60_000, look: { observed: 1, conditions: { Ready: "False Lost 59" } } },
    { atMs: 70_000, look: { observed: 1, conditions: { Ready: "True Up 70" } } },
    { atMs: 90_000, look: { generation: 2, observed: 1, metadata } },
    { atMs: 95_000, cause: "gone" },
  ]);

  const [converge, disruption, deletion] = tracesOf(signals);

  const link = { traceId: converge?.traceId, spanId: converge?.spans[0].spanId };
  expect(disruption?.traceId).toBe(
    sha256(`lifeline/trace\0uid-1\0disruption\x001\0${formatRfc3339(T0 + 59_000)}`).slice(0, 32),
  );
  expect(deletion?.traceId).toBe(sha256("lifeline/trace\0uid-1\0delete\x002\x000").slice(0, 32));
  expect(disruption?.spans[0].links).toEqual([expect.objectContaining(link)]);
  expect(deletion?.spans[0].links).toEqual([expect.objectContaining(link)]);
  expect(logsOf(signals).at(-1)?.trace?.traceId).toBe(deletion?.traceId);
});

test.each([
  { unseen: true, says: true },
  { unseen: false, says: undefined },
])("of what went, unseen or not ($unseen), the trace says so", ({ unseen, says }) => {
  const signals = play([
    NEW,
    { atMs: 5_000, look: DELETED },
    { atMs: 9_000, cause: "gone", unseen },
  ]);

  const deletion = tracesOf(signals).at(-1);

  expect(deletion?.spans[0].name).toBe("CustomDatabase delete");
  expect(deletion?.spans[0].attributes["lifeline.final_state_unknown"]).toBe(says);
});

function seen(atMs: number, ready: string): Step {
  return { atMs, look: { observed: 1, conditions: { Ready: ready } } };
}

test("a recovery is linked to the failure, and is known by when the failing condition turned bad", () => {
  const failing: readonly Step[] = [
    { atMs: 0, look: { observed: 0 } },
    seen(2_300, "False Waiting 2"),
    seen(9_300, "False PullFailed 2"),
    seen(12_300, "False PullFailedAgain 2"),
  ];

  const before = play(failing);
  const signals = play([
    ...failing,
    seen(20_300, "True Up 20"),
    seen(30_300, "False Lost 30"),
    seen(40_300, "True Up 40"),
  ]);
  const found = play([
    { ...seen(15_000, "False PullFailedAgain 2"), cause: "first-look", late: true },
    seen(20_300, "True Up 20"),
  ]);

  const [failure, recovery, disruption] = tracesOf(signals);
  const ids = [2, 30].map((second) =>
    sha256(`lifeline/trace\0uid-1\0disruption\x001\0${formatRfc3339(T0 + second * 1_000)}`).slice(
      0,
      32,
    ),
  );
  expect([recovery?.traceId, disruption?.traceId]).toEqual(ids);
  expect(recovery?.spans[0]).toMatchObject({
    startMs: failure?.spans[0].endMs,
    links: [{ traceId: failure?.traceId, spanId: failure?.spans[0].spanId }],
  });
  expect(tracesOf(found).map(({ traceId }) => traceId)).toEqual([recovery?.traceId]);
  // Until it recovers nobody knows that there will be a trace of that.
  expect(new Set(logsOf(before).map(({ trace }) => trace?.traceId))).toEqual(
    new Set([failure?.traceId]),
  );
  expect(logsOf(signals).map(({ trace }) => trace?.traceId)).toContain(recovery?.traceId);
});

test("a deletion that timed out is not told again when it comes to its end", () => {
  const metadata = { deletionTimestamp: formatRfc3339(T0 + 60_000), finalizers: ["a/b"] };

  const traces = tracesOf(
    play([
      ...READY,
      { atMs: 60_000, look: { generation: 2, observed: 1, metadata } },
      { atMs: 60_000 + 6 * HOUR_MS, cause: "time" },
      { atMs: 9 * HOUR_MS, cause: "gone" },
    ]),
  );

  const outcomes = traces.map(({ spans: [root] }) => root.attributes["lifeline.outcome"]);
  expect(outcomes).toEqual(["current", "timed_out"]);
});

/** Seen at that second, of a controller that never moves lastTransitionTime. */
function carelessly(second: number, ready: string): Step {
  const writtenAtMs = second * 1_000;
  const conditions = { Ready: `${ready} x 1` };
  return { atMs: writtenAtMs + 300, writtenAtMs, look: { observed: 1, conditions } };
}

test("each disruption is a trace of its own where a controller does not keep up its lastTransitionTime", () => {
  const traces = tracesOf(
    play([
      carelessly(0, "False"),
      carelessly(2, "True"),
      carelessly(60, "False"),
      carelessly(70, "True"),
      carelessly(80, "False"),
      carelessly(90, "True"),
    ]),
  );

  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(3);
});

const [CONTEXT_TRACE, CONTEXT_SPAN] = ["ab".repeat(16), "cd".repeat(8)];
const TRACEPARENT = `00-${CONTEXT_TRACE}-${CONTEXT_SPAN}-01`;

function linksOf(annotations: Readonly<Record<string, unknown>>): readonly SpanLink[] {
  // What an API server of today refuses must not end the fold either.
  const metadata = { annotations: annotations as Readonly<Record<string, string>> };
  const [trace] = tracesOf(
    play(READY.map((step) => ({ ...step, look: { ...step.look, metadata } }))),
  );
  return trace?.spans[0].links ?? [];
}

test.each([
  ["tracing.k8s.io/traceparent", TRACEPARENT],
  ["traceparent", TRACEPARENT.replace(/01$/, "00")],
  ["tekton.dev/pipelinerunSpanContext", JSON.stringify({ traceparent: TRACEPARENT })],
  [
    "opentelemetry.io/trace-context",
    JSON.stringify({ traceparent: TRACEPARENT, tracestate: "a=b" }),
  ],
])("a trace context in the annotation %s becomes a link, and is no parent", (annotation, value) => {
  const link = {
    traceId: CONTEXT_TRACE,
    spanId: CONTEXT_SPAN,
    attributes: { "lifeline.link.annotation": annotation },
  };

  expect(linksOf({ [annotation]: value })).toEqual([link]);
});

test("each annotation with a trace context is a link of its own", () => {
  const links = linksOf({ traceparent: TRACEPARENT, "tracing.k8s.io/traceparent": TRACEPARENT });

  expect(links).toHaveLength(2);
});

test.each([
  "",
  "nonsense",
  `00-${"0".repeat(32)}-${CONTEXT_SPAN}-01`,
  `00-${CONTEXT_TRACE}-${"0".repeat(16)}-01`,
  TRACEPARENT.toUpperCase(),
  TRACEPARENT.slice(0, -1),
  `${TRACEPARENT}0`,
  `a${TRACEPARENT}`,
  `ff${TRACEPARENT.slice(2)}`,
  " ".repeat(5_000) + TRACEPARENT,
  7,
  null,
  { traceparent: TRACEPARENT },
])("the annotation %j is no link", (value) => {
  expect(linksOf({ traceparent: value })).toEqual([]);
});

test("where every write bumps the generation, only a changed spec begins another trace", () => {
  const kind = { ...DATABASE_KIND, hasStatusSubresource: false };
  const steps: readonly Step[] = [
    { atMs: 0, look: { phase: "Pending" } },
    { atMs: 1_000, look: { generation: 2, phase: "Creating" } },
    { atMs: 2_000, look: { generation: 3, phase: "Ready" } },
    { atMs: 9_000, look: { generation: 4, phase: "Ready", spec: 2 } },
    { atMs: 10_000, look: { generation: 5, phase: "Updating", spec: 2 } },
    { atMs: 12_000, look: { generation: 6, phase: "Ready", spec: 2 } },
  ];

  const traces = tracesOf(play(steps, (change, memory) => interpret({ ...change, kind }, memory)));

  expect(
    traces.map(({ spans: [root] }) => [
      root.attributes["k8s.object.generation"],
      root.endMs - root.startMs,
    ]),
  ).toEqual([
    [1, 2_000],
    [4, 3_000],
  ]);
});

test("how long it took is counted with the trace as its example, but for what timed out", () => {
  const durations = play(READY).filter((signal) => signal.type === "duration");

  expect(durations).toEqual([
    {
      type: "duration",
      metric: "lifeline.object.convergence.duration",
      attributes: {
        "k8s.object.kind": "CustomDatabase",
        "k8s.object.group": "custom.example.com",
        outcome: "current",
      },
      durationMs: 5_300,
      atMs: T0 + 5_700,
      trace: expect.objectContaining({ isSampled: true }),
    },
  ]);
});

/** What is remembered of its last work after a rollout and a disruption. */
function doneAfter(metadata: Partial<ObjectMeta>): Memory["done"] {
  let memory: Memory | undefined;
  const second = (atMs: number, observed: number, ready: string): Step => ({
    atMs,
    look: { generation: 2, observed, spec: 2, conditions: { Ready: ready }, metadata },
  });
  const steps = [
    { atMs: 400, look: { observed: 1, conditions: { Ready: "True" }, metadata } },
    second(9_000, 1, "True Up 5"),
    second(9_400, 2, "True Up 5"),
    second(30_000, 2, "False Lost 29"),
    second(31_000, 2, "True Up 31"),
  ];
  play(steps, (change, known) => {
    const outcome = interpret(change, known);
    ({ memory } = outcome);
    return outcome;
  });
  return memory?.done;
}

test("only what another one controls remembers when its last work was done, through restarts", () => {
  const owner = { apiVersion: "v1", kind: "Owner", name: "owner", uid: "owner", controller: true };

  const [alone, controlled] = [{}, { ownerReferences: [owner] }].map(doneAfter);

  expect(alone).toBeUndefined();
  expect(controlled).toEqual({
    role: "converge",
    generation: 2,
    start: { observedMs: T0 + 9_000 },
    end: { observedMs: T0 + 9_400 },
  });
});

test("what is not sampled is not told, its records say so, and it is no example of how long it took", () => {
  const fold = createInterpret({ traces: { maxMs: HOUR_MS, isSampled: () => false } });

  const signals = play(READY, fold);

  expect(tracesOf(signals)).toEqual([]);
  expect(logsOf(signals).map(({ trace }) => trace?.isSampled)).not.toContain(true);
  const durations = signals.filter((signal) => signal.type === "duration");
  expect(durations).toEqual([expect.not.objectContaining({ trace: expect.anything() })]);
});

test("a sampler takes the share of the traces that it is told to", () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => sha256(String(index)).slice(0, 32));

  const shares = [0, 0.25, 1].map((ratio) => ids.filter(createSampler(ratio)).length / ids.length);

  expect(shares[0]).toBe(0);
  expect(shares[1]).toBeCloseTo(0.25, 1);
  expect(shares[2]).toBe(1);
});

test("an object that flaps for hours fills neither its row nor its trace, and ends when it ends", () => {
  const flaps = Array.from({ length: 1_000 }, (_, index) => ({
    atMs: 1_000 + index * 10,
    look: {
      observed: 1,
      conditions: { Ready: "False", DiskReady: index % 2 === 0 ? "True" : "False" },
    },
  }));
  const end = {
    atMs: 20_000,
    look: { observed: 1, conditions: { Ready: "True", DiskReady: "True" } },
  };

  const [trace] = tracesOf(play([NEW, ...flaps, end]));

  expect(trace?.spans.length).toBeLessThanOrEqual(100);
  expect(trace?.spans[0].attributes["lifeline.trace.left_out"]).toBeGreaterThan(900);
  const ready = trace?.spans.find(({ name }) => name === "condition Ready");
  expect(ready).toMatchObject({ startMs: T0 + 300, endMs: T0 + 20_000 });
});

function withManyConditions(status: string): Look {
  const types = Array.from({ length: 150 }, (_, index) => `C${index}Ready`);
  return { observed: 1, conditions: Object.fromEntries(types.map((type) => [type, status])) };
}

/** The same without a restart. */
function playOn(steps: readonly Step[]): readonly Signal[] {
  let memory: Memory | undefined;
  return play(steps, (change) => {
    const outcome = interpret(change, memory);
    ({ memory } = outcome);
    return outcome;
  });
}

test("an object with more conditions than a row holds has the same trace with a restart and without", () => {
  const steps: readonly Step[] = [
    { atMs: 0, look: withManyConditions("False") },
    { atMs: 1_000, look: { ...withManyConditions("False"), phase: "Pending" } },
    { atMs: 2_000, look: { ...withManyConditions("True"), phase: "Ready" } },
  ];

  const restarted = drawn(steps);
  const running = tracesOf(playOn(steps));

  expect(restarted).toHaveLength(1);
  expect(restarted).toEqual(running.map(({ spans }) => drawTrace(spans)));
});

/** Whatever is seen, in whatever order of whatever clocks. */
const STEP = fc.record({
  afterMs: fc.integer({ min: 0, max: 120_000 }),
  generation: fc.integer({ min: 1, max: 3 }),
  observed: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  phase: fc.option(fc.constantFrom("Pending", "Ready", "Failed"), { nil: undefined }),
  ready: fc.option(fc.constantFrom("True", "False", "Unknown"), { nil: undefined }),
  statedSeconds: fc.option(fc.integer({ min: -300, max: 300 }), { nil: undefined }),
  late: fc.boolean(),
  writtenSeconds: fc.option(fc.integer({ min: -300, max: 300 }), { nil: undefined }),
  deleting: fc.boolean(),
});

test("no span is ever negative or outside of its root, and a restart between any two sights changes nothing", () => {
  fc.assert(
    fc.property(
      fc.array(STEP, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      (looks, isFirstLook) => {
        let atMs = 0;
        let isDeleting = false;
        const steps: readonly Step[] = looks.map((one, index) => {
          atMs += one.afterMs;
          isDeleting ||= one.deleting && index > 6;
          const stated = one.statedSeconds === undefined ? "" : ` Why ${one.statedSeconds}`;
          return {
            atMs,
            late: one.late,
            ...(isFirstLook ? { cause: index === 0 ? "first-look" : undefined } : {}),
            ...(one.writtenSeconds === undefined
              ? {}
              : { writtenAtMs: one.writtenSeconds * 1_000 }),
            look: {
              generation: one.generation,
              ...(one.observed === undefined ? {} : { observed: one.observed }),
              ...(one.phase === undefined ? {} : { phase: one.phase }),
              ...(one.ready === undefined ? {} : { conditions: { Ready: one.ready + stated } }),
              spec: one.generation,
              metadata: isDeleting
                ? { deletionTimestamp: formatRfc3339(T0 + 1_000), finalizers: ["a/b"] }
                : {},
            },
          } as Step;
        });
        const life: readonly Step[] = [...steps, { atMs: atMs + 1, cause: "gone" }];

        const traces = tracesOf(play(life));

        expect(traces).toEqual(tracesOf(playOn(life)));
        for (const { spans } of traces) expectWithin(spans);
      },
    ),
    { numRuns: 40 },
  );
});

function expectWithin([root, ...children]: readonly Span[]): void {
  expect(root?.endMs).toBeGreaterThanOrEqual(root?.startMs ?? Infinity);
  for (const { startMs, endMs } of children) {
    expect(startMs).toBeGreaterThanOrEqual(root?.startMs ?? Infinity);
    expect(endMs).toBeGreaterThanOrEqual(startMs);
    expect(endMs).toBeLessThanOrEqual(root?.endMs ?? -Infinity);
  }
  expect(new Set([root, ...children].map((span) => span?.spanId)).size).toBe(children.length + 1);
}
