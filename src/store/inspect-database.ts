import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { toError } from "../util/to-error.ts";
import { type DeadLetterRow, readDeadLetters } from "./dead-letters.ts";
import { FILE_NAME, readMeta } from "./open-database.ts";
import { FORMAT } from "./schema.ts";
import { STATEMENTS } from "./statements.ts";

/** What is in a state file, for people; plain data that goes between processes as JSON. */
export type StateFacts = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly format: number;
  /** What SQLite finds wrong (`PRAGMA integrity_check`); empty: nothing. */
  readonly damages: readonly string[];
  /** UID of kube-system, where it is known. */
  readonly clusterUid: string | undefined;
  /** SHA-256 of the API server's address and CA, in hex. */
  readonly clusterAddress: string | undefined;
  readonly objects: number;
  readonly watches: number;
  readonly outbox: {
    readonly requests: number;
    readonly records: number;
    readonly bytes: number;
    /** When the oldest was committed: Unix milliseconds. */
    readonly oldestAtMs: number | undefined;
  };
  /** What the collector refused for good. */
  readonly deadLetters: { readonly records: number; readonly bytes: number };
};

/** `newer`: a later version of the program wrote it. `unreadable`: no database, or one in which something is missing. */
export type Inspection<Facts = StateFacts> =
  | { readonly type: "inspected"; readonly facts: Facts }
  | { readonly type: "missing"; readonly path: string }
  | { readonly type: "in-use"; readonly path: string }
  | {
      readonly type: "newer";
      readonly path: string;
      readonly format: number;
      readonly known: number;
    }
  | { readonly type: "unreadable"; readonly path: string; readonly error: Error };

const DAMAGES_MAX = 10;

/** Looks into the state file of a directory without changing it; nothing is left beside it. */
export function inspectStateFile(directory: string): Inspection {
  return lookInto(directory, inspectDatabase);
}

/** The same for what the collector refused. */
export function inspectDeadLetters(directory: string): Inspection<readonly DeadLetterRow[]> {
  return lookInto(directory, readDeadLetters);
}

function lookInto<Facts>(
  directory: string,
  read: (database: DatabaseSync) => Facts,
): Inspection<Facts> {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) return { type: "missing", path };
  const hadIndex = existsSync(`${path}-shm`);
  try {
    using database = openToRead(path);
    const format = formatOf(database);
    if (format > FORMAT) return { type: "newer", path, format, known: FORMAT };
    return { type: "inspected", facts: read(database) };
  } catch (thrown) {
    const error = toError(thrown);
    return /locked|busy/i.test(error.message)
      ? { type: "in-use", path }
      : { type: "unreadable", path, error };
  } finally {
    // SQLite's index of the WAL for several readers; the daemon, which is alone, has its own in memory.
    if (!hadIndex) rmSync(`${path}-shm`, { force: true });
  }
}

/** Reads all of the file, which takes about as long as copying it. Throws what SQLite throws. */
export function inspectDatabase(database: DatabaseSync): StateFacts {
  const path = database.location() ?? "";
  const outbox = database.prepare(STATEMENTS.outboxState).get();
  const oldest = outbox?.["oldest"];
  const deadLetters = database.prepare(STATEMENTS.deadLetterState).get();
  return {
    path,
    sizeBytes: statSync(path).size,
    format: formatOf(database),
    damages: damagesOf(database),
    clusterUid: readMeta(database, "cluster_uid"),
    clusterAddress: readMeta(database, "cluster_address"),
    objects: countOf(database, "objects"),
    watches: countOf(database, "watches"),
    outbox: {
      requests: Number(outbox?.["requests"]),
      records: Number(outbox?.["records"]),
      bytes: Number(outbox?.["bytes"]),
      oldestAtMs: typeof oldest === "number" ? oldest : undefined,
    },
    deadLetters: {
      records: Number(deadLetters?.["records"]),
      bytes: Number(deadLetters?.["bytes"]),
    },
  };
}

/** A file without a WAL is whole in itself and nobody's: no lock is needed, and no companion files are made. */
function openToRead(path: string): DatabaseSync {
  const options = { readOnly: true, timeout: 0 };
  if (existsSync(`${path}-wal`)) return new DatabaseSync(path, options);
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, options);
}

function damagesOf(database: DatabaseSync): readonly string[] {
  return database
    .prepare(`PRAGMA integrity_check(${DAMAGES_MAX})`)
    .all()
    .map((row) => String(row["integrity_check"]))
    .filter((text) => text !== "ok");
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function countOf(database: DatabaseSync, table: "objects" | "watches"): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
}
