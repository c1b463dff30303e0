import * as fc from "fast-check";
import { expect, test } from "vitest";
import type {
  KindFacts,
  KubeObject,
  ManagedFieldsEntry,
  ObjectMeta,
} from "../cluster/kube-object.ts";
import type { JsonMap } from "../util/json.ts";
import { compare, disappeared, type Comparison } from "./compare.ts";
import { decodeState, type ObjectState } from "./object-state.ts";
import { createRedactor } from "./redact.ts";

const facts: KindFacts = {
  group: "example.com",
  version: "v1",
  kind: "Example",
  resource: "examples",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};
const redact = createRedactor((text) => String(text.length % 10).repeat(4));

function example(fields: Partial<KubeObject> = {}, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return {
    apiVersion: "example.com/v1",
    kind: "Example",
    metadata: {
      name: "a",
      namespace: "n",
      uid: "u",
      resourceVersion: "10",
      generation: 1,
      ...metadata,
    },
    spec: { replicas: 1, password: "hunter2" },
    status: { phase: "Pending" },
    ...fields,
  };
}

function see(known: ObjectState | undefined, incoming: KubeObject): Comparison {
  return compareAs(known, incoming, false);
}

function compareAs(
  known: ObjectState | undefined,
  incoming: KubeObject,
  isListed: boolean,
): Comparison {
  const given = { facts, observedAtMs: 1_000, known, incoming, redact, isListed };
  return compare({ ...given, appearance: () => "created" });
}

function remembered(object: KubeObject = example()): ObjectState {
  const seen = see(undefined, object);
  if (seen.type !== "appeared")
    throw new Error(`Cannot remember: the comparison says ${seen.type}`);
  return seen.state;
}

test("compare says appeared, trimmed and redacted, of what is not known", () => {
  const seen = see(
    undefined,
    example({}, { managedFields: [{ manager: "m", time: "2026-01-31T08:00:00Z" }] }),
  );

  const after = { ...example({ spec: { replicas: 1, password: "[redacted:7777]" } }) };
  expect(seen).toMatchObject({
    type: "appeared",
    change: { type: "appeared", cause: "created", kind: facts, observedAtMs: 1_000 },
  });
  expect(
    seen.type === "appeared" && seen.change.type === "appeared" && seen.change.after,
  ).toStrictEqual(after);
  expect(seen.type === "appeared" && decodeState(seen.state)).toStrictEqual(after);
  expect(JSON.stringify(seen)).not.toContain("hunter2");
});

test.each<readonly [string, KubeObject]>([
  ["status", example({ status: { phase: "Ready" } }, { resourceVersion: "11" })],
  [
    "spec",
    example(
      { spec: { replicas: 2, password: "hunter2" } },
      { resourceVersion: "11", generation: 2 },
    ),
  ],
  ["metadata", example({}, { resourceVersion: "11", labels: { a: "b" } })],
  ["all", example({ spec: {}, status: "text", extra: [1] }, { resourceVersion: "11", labels: {} })],
  ["a status that went away", { ...example({ status: undefined }, { resourceVersion: "11" }) }],
  ["a field beside spec", example({ data: { a: "b" } }, { resourceVersion: "11" })],
])("compare gives before and after whole when this changed: %s", (_what, incoming) => {
  const known = remembered();

  const seen = see(known, incoming);

  if (seen.type !== "changed" || seen.change.type !== "changed")
    throw new Error(`Unexpected ${seen.type}`);
  expect(seen.change.before).toStrictEqual(decodeState(known));
  expect(JSON.stringify(seen.change.after)).toBe(JSON.stringify(redact(incoming)));
  expect(decodeState(seen.state)).toEqual(JSON.parse(JSON.stringify(redact(incoming))));
});

test("compare gives before without a status where it only came now", () => {
  const { status: _status, ...young } = example();
  const known = remembered(young);

  const seen = see(known, example({}, { resourceVersion: "11" }));

  if (seen.type !== "changed" || seen.change.type !== "changed")
    throw new Error(`Unexpected ${seen.type}`);
  expect(seen.change.before).toStrictEqual(decodeState(known));
  expect(seen.change.differences).toEqual([
    { path: ["status"], before: undefined, after: { phase: "Pending" } },
  ]);
});

test("compare finds the differences of all sections, not the resourceVersion, and who made them", () => {
  const managedFields = [
    {
      manager: "op",
      operation: "Update",
      subresource: "status",
      time: "2026-01-31T08:00:00Z",
      fieldsV1: { "f:status": {} },
    },
  ];
  const incoming = example(
    { spec: { replicas: 2, password: "hunter22" }, status: { phase: "Ready" } },
    { resourceVersion: "11", generation: 2, managedFields },
  );

  const seen = see(remembered(), incoming);

  expect(seen).toMatchObject({
    type: "changed",
    change: {
      differences: [
        { path: ["metadata", "generation"], before: 1, after: 2 },
        { path: ["spec", "replicas"], before: 1, after: 2 },
        { path: ["spec", "password"], before: "[redacted:7777]", after: "[redacted:8888]" },
        { path: ["status", "phase"], before: "Pending", after: "Ready" },
      ],
      managers: ["op/Update/status"],
      writtenAtMs: Date.parse("2026-01-31T08:00:00Z"),
    },
  });
});

test("compare shares what did not change between before and after", () => {
  const known = remembered();

  const seen = see(known, example({ status: { phase: "Ready" } }, { resourceVersion: "11" }));

  if (seen.type !== "changed" || seen.change.type !== "changed")
    throw new Error(`Unexpected ${seen.type}`);
  expect(seen.change.before.spec).toBe(seen.change.after.spec);
  expect(seen.change.before.metadata.resourceVersion).toBe("10");
});

test("B12 duplicate-event: compare says unchanged, without a state, of the same resourceVersion", () => {
  const seen = see(remembered(), example({ spec: { replicas: 5 } }));

  expect(seen).toStrictEqual({ type: "unchanged" });
});

test.each<readonly [string, KubeObject]>([
  ["the resourceVersion", example({}, { resourceVersion: "11" })],
  [
    "managedFields",
    example(
      {},
      { resourceVersion: "11", managedFields: [{ manager: "m", time: "2026-01-31T08:00:00Z" }] },
    ),
  ],
  [
    "the order of fields",
    example({ spec: { password: "hunter2", replicas: 1 } }, { resourceVersion: "11" }),
  ],
  [
    "a copy of the applied object",
    example(
      {},
      {
        resourceVersion: "11",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      },
    ),
  ],
])(
  "D02 unchanged: compare says unchanged, with the state that moved on, when only this differs: %s",
  (_what, incoming) => {
    const seen = see(remembered(), incoming);

    expect(seen).toMatchObject({ type: "unchanged", state: { resourceVersion: "11" } });
  },
);

test("compare tells a change under more levels than JSON can be written with", () => {
  const levels = 20_000;
  const nested = (leaf: string): JsonMap => {
    let value: JsonMap = { leaf };
    for (let level = 0; level < levels; level++) value = { below: value };
    return value;
  };
  const known = remembered(example({ spec: nested("a") }));

  const changed = see(known, example({ spec: nested("other") }, { resourceVersion: "11" }));

  expect(changed).toMatchObject({
    type: "changed",
    change: { differences: [{ path: expect.arrayContaining(["spec", "below"]) }] },
  });
});

test.each([
  ["9", "stale"],
  ["99", "changed"],
  ["100", "changed"],
  ["abc", "changed"],
  ["", "changed"],
  ["09", "changed"],
])(
  "B13 older-rv, B14 non-numeric-rv: compare of a known resourceVersion 10 with %j says %s",
  (resourceVersion, expected) => {
    const seen = see(remembered(), example({ status: {} }, { resourceVersion }));

    expect(seen.type).toBe(expected);
  },
);

test("D09 restored-backup, E07 two-epochs: compare takes a listed object of a lower resourceVersion for what is there, as after a restored backup", () => {
  const known = remembered();
  const restored = example({ status: { phase: "Ready" } }, { resourceVersion: "5" });

  const same = compareAs(known, example({}, { resourceVersion: "5" }), true);
  const changed = compareAs(known, restored, true);

  expect(same).toMatchObject({ type: "unchanged", state: { resourceVersion: "5" } });
  expect(changed).toMatchObject({
    type: "changed",
    change: { differences: [{ path: ["status", "phase"], before: "Pending", after: "Ready" }] },
    state: { resourceVersion: "5" },
  });
  expect(see(known, restored)).toEqual({ type: "stale" });
});

test("compare says replaced at the first sight under another API version, also at the same resourceVersion", () => {
  const incoming = example({ apiVersion: "example.com/v2", spec: { size: 1 } });

  const seen = [
    see(remembered(), incoming),
    see(remembered(), { ...incoming, metadata: { ...incoming.metadata, resourceVersion: "9" } }),
  ];

  expect(seen[0]).toMatchObject({
    type: "replaced",
    state: { apiVersion: "example.com/v2", resourceVersion: "10" },
  });
  expect(seen[1]).toEqual({ type: "stale" });
});

test.each([
  { name: "only the form", generation: 1, resourceVersion: "10", status: "Old", differ: undefined },
  {
    name: "something that is no news",
    generation: 1,
    resourceVersion: "11",
    status: "Old",
    differ: undefined,
  },
  {
    name: "the status",
    generation: 1,
    resourceVersion: "11",
    status: "New",
    differ: ["status.phase"],
  },
  {
    name: "the spec",
    generation: 2,
    resourceVersion: "11",
    status: "Old",
    differ: ["metadata.generation", "spec.size", "spec.width"],
  },
])(
  "G07 under another API version compare tells what was written in between: $name",
  ({ generation, resourceVersion, status, differ }) => {
    const before = example(
      { spec: { size: 1 }, status: { phase: "Old" } },
      { generation: 1, resourceVersion: "10" },
    );
    const known = remembered(before);
    const incoming = example(
      { apiVersion: "example.com/v2", spec: { width: 2 }, status: { phase: status } },
      { generation, resourceVersion },
    );

    const seen = see(known, incoming);

    const differences =
      seen.type === "changed" && seen.change.type === "changed"
        ? seen.change.differences
        : undefined;
    expect(seen.type).toBe(differ === undefined ? "replaced" : "changed");
    expect(differences?.map(({ path }) => path.join("."))).toEqual(differ);
    expect("state" in seen && seen.state).toMatchObject({
      apiVersion: "example.com/v2",
      resourceVersion,
    });
  },
);

test("B19 deletion-rv: disappeared shows the object of the DELETED event, trimmed and redacted, at the deletion's resourceVersion", () => {
  const last = example(
    { status: { phase: "Gone" } },
    { resourceVersion: "12", managedFields: [{ manager: "m" }] },
  );

  const change = disappeared({
    facts,
    observedAtMs: 5,
    known: remembered(),
    redact,
    cause: "deleted",
    last,
  });

  expect(change).toMatchObject({
    type: "disappeared",
    cause: "deleted",
    finalStateUnknown: false,
    kind: facts,
    observedAtMs: 5,
  });
  expect(change.type === "disappeared" && change.before).toStrictEqual(
    example(
      { spec: { replicas: 1, password: "[redacted:7777]" }, status: { phase: "Gone" } },
      { resourceVersion: "12" },
    ),
  );
});

test("D01 deletes-seen-only-by-relist: disappeared shows what was remembered, its end unknown, when only a relist tells", () => {
  const known = remembered();

  const change = disappeared({ facts, observedAtMs: 5, known, redact, cause: "relist" });

  expect(change).toStrictEqual({
    type: "disappeared",
    before: decodeState(known),
    cause: "relist",
    finalStateUnknown: true,
    kind: facts,
    observedAtMs: 5,
  });
});

test.each([
  [{}, true],
  [{ deletionTimestamp: "2026-01-31T08:00:00Z" }, false],
])(
  "B04 selector-leave: disappeared from the view of a selector with %j leaves the end unknown: %s",
  (metadata, finalStateUnknown) => {
    const change = disappeared({
      facts,
      observedAtMs: 5,
      known: remembered(),
      redact,
      cause: "deleted",
      last: example({}, metadata),
      hasSelector: true,
    });

    expect(change).toMatchObject({ finalStateUnknown });
  },
);

test("compare redacts an object that is known as it redacts one that is new, whatever stays the same", () => {
  const key = fc.constantFrom(
    ..."password tokenRef name key value kind apiVersion data env message https://u:p@h/token".split(
      " ",
    ),
  );
  const text = fc.constantFrom(
    ..."hunter2|v1|Secret|--token|[redacted:7777]|password=hunter2|postgres://u:p@db/x|a: b\ntoken: c|Bearer a1b2c3".split(
      "|",
    ),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));
  const sections = fc.record({
    metadata: fc.record({
      labels: fc.dictionary(key, text),
      annotations: fc.dictionary(key, text),
    }),
    spec: fc.dictionary(fc.oneof(fc.constant("spec"), key), tree, { maxKeys: 4 }),
    status: fc.option(tree, { nil: undefined }),
  });
  const source = fc.constantFrom("as it was sent", "as it was remembered", "new");
  const writes = fc.record({
    first: sections,
    next: sections,
    form: fc.constantFrom(
      { apiVersion: "example.com/v1", kind: "Example" },
      { apiVersion: "v1", kind: "Secret" },
    ),
    from: fc.record({ metadata: source, spec: source, status: source }),
  });

  fc.assert(
    fc.property(writes, ({ first, next, form, from }) => {
      const known = remembered(
        example({ ...first.spec, status: first.status, ...form }, first.metadata),
      );
      const parts = {
        "as it was sent": first,
        "as it was remembered": split(decodeState(known)),
        new: next,
      };
      const incoming = example(
        { ...parts[from.spec].spec, status: parts[from.status].status, ...form },
        { ...parts[from.metadata].metadata, resourceVersion: "11" },
      );
      const again = see(known, incoming);
      expect("state" in again && again.state).toEqual(remembered(incoming));
    }),
    { numRuns: 1_000 },
  );
});

function split({ metadata, status, apiVersion: _version, kind: _kind, ...spec }: KubeObject): {
  readonly metadata: Partial<ObjectMeta>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: unknown;
} {
  return { metadata, spec, status };
}

test("a new generation says who wrote it and when, whoever wrote the status after it", () => {
  const first = [entry("kubectl", "2026-01-31T08:00:00Z"), entry("helm", "2026-01-31T08:00:01Z")];
  const later = [
    entry("kubectl", "2026-01-31T09:00:00Z"),
    entry("helm", "2026-01-31T08:00:01Z"),
    entry("operator", "2026-01-31T09:00:09Z", "status"),
  ];
  const known = remembered(example({}, { managedFields: first }));

  const seen = see(
    known,
    example(
      { spec: { replicas: 2 } },
      { resourceVersion: "11", generation: 2, managedFields: later },
    ),
  );

  expect(seen).toMatchObject({
    type: "changed",
    change: {
      specWrite: { managers: ["kubectl/Update"], atMs: Date.parse("2026-01-31T09:00:00Z") },
    },
  });
});

test("what happened while nobody watched says so", () => {
  const known = remembered();
  const given = { facts, observedAtMs: 1_000, known, redact, isLate: true };

  const seen = compare({
    ...given,
    incoming: example({ status: {} }, { resourceVersion: "11" }),
    isListed: true,
    appearance: () => "created",
  });
  const gone = disappeared({ ...given, cause: "relist" });

  expect(seen).toMatchObject({ type: "changed", change: { isLate: true } });
  expect(gone).toMatchObject({ isLate: true });
});

function entry(manager: string, time: string, subresource?: string): ManagedFieldsEntry {
  const own = { manager, operation: "Update", time };
  return subresource === undefined ? own : { ...own, subresource };
}
