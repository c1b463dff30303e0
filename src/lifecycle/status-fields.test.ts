import { expect, test } from "vitest";
import type { PrinterColumn } from "../cluster/kube-object.ts";
import { readStatusFields } from "./status-fields.ts";

function fields(
  status: unknown,
  printerColumns: readonly PrinterColumn[] = [],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    readStatusFields(status, { phases: [], printerColumns }).map(({ name, value }) => [
      name,
      value,
    ]),
  );
}

test.each([
  { what: "an integer", status: { readyReplicas: 3 }, shown: { ready_replicas: 3 } },
  { what: "a fraction", status: { load: 0.5 }, shown: { load: 0.5 } },
  { what: "a negative number", status: { drift: -2 }, shown: { drift: -2 } },
  { what: "a quantity of memory", status: { memory: "1Gi" }, shown: { memory: 1_073_741_824 } },
  { what: "a quantity of CPU", status: { cpu: "500m" }, shown: { cpu: 0.5 } },
  { what: "a decimal quantity", status: { capacity: "5G" }, shown: { capacity: 5e9 } },
  {
    what: "a time",
    status: { lastBackupTime: "2023-10-26T02:04:10Z" },
    shown: { last_backup_time: 1_698_285_850 },
  },
  {
    what: "a time in microseconds",
    status: { renewTime: "2023-10-26T02:04:10.500000Z" },
    shown: { renew_time: 1_698_285_850.5 },
  },
  { what: "a version", status: { observedVersion: "4.4" }, shown: {} },
  { what: "a plain number as text", status: { port: "8080" }, shown: {} },
  { what: "a commit that looks like an exponent", status: { commit: "2e3" }, shown: {} },
  { what: "minutes", status: { syncInterval: "5m", ttl: "10m", uptime: "3m" }, shown: {} },
  {
    what: "a time that was never set",
    status: { lastBackupTime: "0001-01-01T00:00:00Z" },
    shown: {},
  },
  { what: "observedGeneration", status: { observedGeneration: 3 }, shown: {} },
  {
    what: "ids",
    status: { id: 1, projectId: 2, accountID: 3, uid: 4, tenant_ids: 5, requestUUID: 6 },
    shown: {},
  },
  {
    what: "a name that only ends like id",
    status: { paid: 1, gridSize: 2 },
    shown: { grid_size: 2, paid: 1 },
  },
  {
    what: "booleans, lists, maps, null",
    status: { a: true, b: [1], c: { d: 1 }, e: null },
    shown: {},
  },
  { what: "what is deeper", status: { replicas: { ready: 1 } }, shown: {} },
  {
    what: "two names that read the same",
    status: { ready_replicas: 1, readyReplicas: 2 },
    shown: { ready_replicas: 2 },
  },
  { what: "a status that is no map", status: "3", shown: {} },
  {
    what: "names that are none",
    status: { "🙂": 1, "": 2, [`long${"x".repeat(100)}`]: 3 },
    shown: {},
  },
])("readStatusFields() of $what", ({ status, shown }) => {
  expect(fields(status)).toEqual(shown);
});

function column(jsonPath: string, type: PrinterColumn["type"] = "integer"): PrinterColumn {
  return { name: jsonPath, jsonPath, type };
}

test.each([
  {
    what: "a deeper number",
    column: column(".status.replicas.ready"),
    shown: { replicas_ready: 2 },
  },
  { what: "a plain number as text", column: column(".status.port"), shown: { port: 8_080 } },
  { what: "an exponent", column: column(".status.size", "number"), shown: { size: 2_000 } },
  { what: "a date", column: column(".status.deep.at", "date"), shown: { deep_at: 1_698_285_850 } },
  { what: "a date that is none", column: column(".status.port", "date"), shown: {} },
  { what: "a number that is none", column: column(".status.deep.at"), shown: {} },
  { what: "observedGeneration", column: column(".status.observedGeneration"), shown: {} },
  {
    what: "a filter",
    column: column('.status.conditions[?(@.type=="Ready")].lastTransitionTime', "date"),
    shown: {},
  },
  { what: "the spec", column: column(".spec.replicas"), shown: {} },
  { what: "the age", column: column(".metadata.creationTimestamp", "date"), shown: {} },
  { what: "nothing", column: column(""), shown: {} },
  { what: "a way that breaks", column: column(".status.port.x"), shown: {} },
])("readStatusFields() of a printer column that shows $what", (row) => {
  const status = {
    replicas: { ready: 2 },
    port: "8080",
    size: "2e3",
    deep: { at: "2023-10-26T02:04:10Z" },
    observedGeneration: 1,
  };

  expect(fields(status, [row.column])).toEqual(row.shown);
});

test("readStatusFields() takes printer columns first, in their order, then the alphabet, ten in all", () => {
  const status = Object.fromEntries("lkjihgfedcba".split("").map((letter) => [letter, 1]));

  const shown = readStatusFields(status, {
    phases: [],
    printerColumns: [column(".status.k"), column(".status.b")],
  });

  expect(shown.map(({ name }) => name)).toEqual(["k", "b", "a", "c", "d", "e", "f", "g", "h", "i"]);
});
