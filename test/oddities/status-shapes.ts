type StatusShape = readonly [
  what: string,
  before: unknown,
  after: unknown,
  /** The actions of the records that tell of both. */
  actions: readonly string[],
  /** The conditions that have a series at the end. */
  conditions?: readonly string[],
];

/** A status that says nothing of health is taken for current, as kstatus does; before there was none at all. */
const TWICE = ["status_updated", "health_changed", "status_updated"];

/** Statuses that no convention knows and no schema forbids; each comes, and then changes. */
export const STATUS_SHAPES: readonly StatusShape[] = [
  ["a string", "Ready", "Broken", TWICE],
  ["a list", ["a", { b: 1 }], ["a", { b: 2 }], TWICE],
  ["a number", 3, 4, TWICE],
  ["a boolean", true, false, TWICE],
  ["null", null, { phase: "Ready" }, ["phase_changed", "health_changed"]],
  [
    "conditions that are a map",
    { conditions: { Ready: "True" } },
    { conditions: { Ready: "No" } },
    TWICE,
  ],
  ["conditions that are a string", { conditions: "Ready" }, { conditions: "Broken" }, TWICE],
  ["conditions that are strings", { conditions: ["Ready"] }, { conditions: ["Broken"] }, TWICE],
  [
    "conditions without a type",
    { conditions: [{ status: "True" }, null, 7, { type: 3 }, { type: "" }] },
    { conditions: [{ status: "False" }, [], { type: { a: 1 } }] },
    TWICE,
  ],
  [
    "conditions of one type twice",
    { conditions: [ready("True"), ready("False")] },
    { conditions: [ready("False"), ready("Unknown"), ready("True")] },
    [
      "condition_changed",
      "health_changed",
      "status_updated",
      "condition_changed",
      "health_changed",
    ],
    ["Ready"],
  ],
  [
    "conditions with odd statuses",
    { conditions: [ready(true), { ...ready("maybe"), type: "Other" }] },
    { conditions: [ready(null), { ...ready(["x"]), type: "Other" }] },
    [
      "condition_changed",
      "condition_changed",
      "health_changed",
      "status_updated",
      "condition_changed",
      "condition_changed",
    ],
    ["Other", "Ready"],
  ],
  ["a phase that is a number", { phase: 3, state: ["x"] }, { phase: 4, state: { y: 1 } }, TWICE],
  [
    "nothing but emptiness",
    { a: {}, b: [], "": "", conditions: [] },
    { a: [], b: {}, "": 0 },
    TWICE,
  ],
];

/** A condition that keeps to the conventions, but perhaps for its status. */
export function ready(status: unknown): Readonly<Record<string, unknown>> {
  return { type: "Ready", status, reason: "Checked", message: "" };
}
