import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { ChildRow, CounterRow, ObjectRow, SeriesRow } from "./rows.ts";

/** A row as node:sqlite gives it, by column name. */
export type RawRow = Record<string, SQLOutputValue>;

type RawList = readonly SQLOutputValue[];

/** In the order of OBJECT_COLUMNS. */
export function objectValues(row: ObjectRow): SQLInputValue[] {
  return [
    row.id,
    row.kindId,
    row.watchId,
    row.health,
    row.uid,
    row.namespace,
    row.name,
    row.apiVersion,
    row.resourceVersion,
    row.metadata,
    row.status,
    row.dueAt,
    row.memory,
    row.managers,
    row.spec,
    row.owner,
  ];
}

/** In the order in which the statement `update` sets them. */
export function changingValues(row: ObjectRow): SQLInputValue[] {
  return [
    row.health,
    row.apiVersion,
    row.resourceVersion,
    row.metadata,
    row.status,
    row.memory,
    row.managers,
    row.spec,
  ];
}

export function objectRowOrNone(row: RawRow | undefined): ObjectRow | undefined {
  return row === undefined ? undefined : objectRow(listOf(row));
}

/** The types of `get` and `all` know nothing of LIST_STATEMENTS. */
export function listOf(row: RawRow): RawList {
  if (!Array.isArray(row)) throw new TypeError("Cannot read an object's row: it came as no list");
  return row;
}

export function seriesRow(list: RawList): SeriesRow {
  return {
    id: numberOf(list[0]),
    kindId: numberOf(list[1]),
    watchId: numberOf(list[2]),
    health: textOf(list[3]),
    uid: textOf(list[4]),
    namespace: textOf(list[5]),
    name: textOf(list[6]),
    apiVersion: textOf(list[7]),
    resourceVersion: textOf(list[8]),
    metadata: textOf(list[9]),
    status: textOf(list[10]),
  };
}

export function objectRow(list: RawList): ObjectRow {
  return {
    ...seriesRow(list),
    dueAt: numberOrNull(list[11]),
    memory: textOf(list[12]),
    managers: textOf(list[13]),
    spec: textOf(list[14]),
    owner: textOf(list[15]),
  };
}

export function childRow(row: RawRow): ChildRow {
  return {
    id: numberOf(row["id"]),
    kindId: numberOf(row["kind_id"]),
    watchId: numberOf(row["watch_id"]),
    owner: textOf(row["owner"]),
    uid: textOf(row["uid"]),
    namespace: textOf(row["namespace"]),
    name: textOf(row["name"]),
    memory: textOf(row["memory"]),
  };
}

export function counterRow(row: RawRow): CounterRow {
  return {
    metric: textOf(row["metric"]),
    attributes: textOf(row["attributes"]),
    value: numberOf(row["value"]),
    startedAt: numberOf(row["started_at"]),
    announced: row["announced"] === 1,
  };
}

export function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value !== "number")
    throw new TypeError(`Cannot read the state file: a number was expected, found ${typeof value}`);
  return value;
}

export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value !== "string")
    throw new TypeError(`Cannot read the state file: a text was expected, found ${typeof value}`);
  return value;
}

export const numberOrNull = (value: SQLOutputValue | undefined): number | null =>
  typeof value === "number" ? value : null;
export const textOrNull = (value: SQLOutputValue | undefined): string | null =>
  typeof value === "string" ? value : null;
