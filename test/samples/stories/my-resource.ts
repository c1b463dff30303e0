import type { NewObject } from "../../testbed/admin-client.ts";
import { type Example, specOf } from "../read-example.ts";
import {
  conditionChanged,
  created,
  deleted,
  healthChanged,
  phaseChanged,
  statusUpdated,
  updated,
} from "../record-rows.ts";
import type { Step, Story } from "../story.ts";

const KIND = "MyResource";
const SOMEBODY = { manager: "kubectl-edit", by: "kubectl-edit/Update" };
const OPERATOR = { manager: "resizer", by: "resizer/Update" };

const OBJECT = { kind: KIND, name: "example" };

const SERVED = { type: "Ready", status: "True", reason: "Resized" };
const RESIZING = { type: "Ready", status: "False", reason: "Resizing" };

/** Without a status subresource every write bumps the generation, and nobody need say anything; v2 is added in its midst. */
export function myResource(example: Example, at: (seconds: number) => string): Story {
  return {
    example: "my-resource",
    acts: [
      [
        {
          name: "created",
          object: OBJECT,
          write: { type: "create", manager: "kubectl-create", object: () => specOf(example, KIND) },
          records: [created("current")],
          shows: { health: "current" },
        },
        resize("resized", { before: 1, after: 2, generation: 2 }),
        ready(at(1)),
        addVersion(example),
        resize("resized under v2", { before: 2, after: 3, generation: 4 }),
        resizing(at(1), at(8)),
      ],
      [
        {
          name: "deleted",
          object: OBJECT,
          write: { type: "delete", removed: true },
          records: [deleted("progressing")],
          shows: {},
        },
      ],
    ],
  };
}

function ready(lastTransitionTime: string): Step {
  const conditions = [{ ...SERVED, lastTransitionTime }];
  return {
    ...byOperator("ready", { phase: "Ready", size: 2, conditions }),
    records: [
      statusUpdated({ by: OPERATOR.by, changes: [{ path: "status.size", after: 2 }] }),
      conditionChanged({ ...SERVED, lastTransitionTime }),
      phaseChanged("Ready"),
    ],
    shows: {
      generation: 3,
      phase: "Ready",
      conditions: { Ready: { status: "True", lastTransitionTime } },
      status: { size: 2 },
    },
  };
}

/** From good to bad at another generation, but only because every write makes one: WARN. */
function resizing(readySince: string, lastTransitionTime: string): Step {
  return {
    ...byOperator("resizing", { conditions: [{ ...RESIZING, lastTransitionTime }] }),
    records: [
      conditionChanged({
        ...RESIZING,
        lastTransitionTime,
        left: { status: "True", since: readySince },
        severity: "WARN",
      }),
      healthChanged("progressing", {
        reason: "Resizing",
        left: { word: "current", since: "created" },
      }),
    ],
    shows: {
      generation: 5,
      health: "progressing",
      conditions: { Ready: { status: "False", lastTransitionTime } },
    },
  };
}

function byOperator(name: string, status: object): Pick<Step, "name" | "object" | "write"> {
  return {
    name,
    object: OBJECT,
    write: { type: "patch", manager: OPERATOR.manager, patch: { status } },
  };
}

type Resize = { readonly before: number; readonly after: number; readonly generation: number };

function resize(name: string, { before, after, generation }: Resize): Step {
  return {
    name,
    object: OBJECT,
    write: { type: "patch", manager: SOMEBODY.manager, patch: { spec: { size: after } } },
    records: [updated({ by: SOMEBODY.by, changes: [{ path: "spec.size", before, after }] })],
    shows: { generation },
  };
}

/** The CRD's watches end with this, and another begins under the version that is preferred then; the object stays as it is. */
function addVersion(example: Example): Step {
  const [definition] = example.definitions;
  if (definition === undefined) throw new Error("Cannot add a version: the example has no CRD");
  return {
    name: "v2 added",
    object: OBJECT,
    write: {
      type: "serve",
      definition: withVersion(definition, "v2"),
      apiVersion: "mygroup.example.com/v2",
    },
    records: [],
    shows: {},
  };
}

function withVersion(definition: NewObject, name: string): NewObject {
  // A CRD's spec always has versions, and this one is ours.
  const spec = definition["spec"] as { readonly versions: readonly object[] };
  const [first] = spec.versions;
  const versions = [...spec.versions, { ...first, name, storage: false }];
  return { ...definition, spec: { ...spec, versions } };
}
