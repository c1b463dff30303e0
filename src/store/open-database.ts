import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { toError } from "../util/to-error.ts";
import { FORMAT, SCHEMA } from "./schema.ts";
import { isDiskTrouble } from "./sqlite-error.ts";

export const FILE_NAME = "lifeline.db";
/**
 * What the WAL keeps after a checkpoint. One is made every 1,000 pages (4 MiB), so it passes this only by the transaction
 * that it was amidst.
 */
export const WAL_MAX_BYTES = 4 * 1024 * 1024;
/** What a transaction touches, and the upper pages of the indexes. All else the system's own cache holds as well: 16 MiB were no faster (measured). */
const CACHE_KIB = 8 * 1024;
/** Beside a file in which damage was found while it was used: why, for people. Looking for damage at the start does not find all. */
const DAMAGED_SUFFIX = "-damaged";
const COMPANIONS = ["", "-wal", "-journal", DAMAGED_SUFFIX];

/** Which cluster a state file belongs to: by kube-system's UID where both know it, else by the API server's address and CA. */
export type ClusterMark = { readonly uid?: string; readonly address: string };

export type OpenOptions = {
  readonly directory: string;
  readonly cluster: ClusterMark;
  readonly nowMs: number;
  /** Makes the key of the redaction marks of a new file. */
  readonly newKey: () => string;
};

/** `setAside`: the name that an untrusted file was given, and why it is not trusted; it is never deleted. */
export type Opened =
  | {
      readonly type: "opened";
      readonly database: DatabaseSync;
      readonly setAside?: { readonly path: string; readonly reason: string };
    }
  /** Another process holds the file. */
  | { readonly type: "in-use"; readonly path: string }
  /** The disk is full or fails: it may be there later, with all that is in it. */
  | { readonly type: "unwritable"; readonly path: string; readonly error: Error }
  | { readonly type: "failed"; readonly path: string; readonly error: Error };

/**
 * Opens the state file, or begins a new one; what belongs to another cluster, was written by a newer program or is
 * damaged is set aside under a dated name. Looks for damage in all of the file, which warms the disk's cache besides.
 *
 * WAL with `locking_mode=EXCLUSIVE` needs no shared memory, so it works on network volumes, and is the single-owner
 * lock. `secure_delete=FAST` zeroes what is replaced within pages that are written anyway, so that of what a newer
 * redaction rule covers copies can stand in free pages only, which can be given away.
 */
export function openDatabase(options: OpenOptions): Opened {
  const path = join(options.directory, FILE_NAME);
  try {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    // What SQLite says of a read-only file is an I/O error, as of a disk that fails.
    for (const needed of [options.directory, path])
      if (existsSync(needed)) accessSync(needed, constants.W_OK);
    const first = tryOpen(path, options);
    if (first.type === "ready") return { type: "opened", database: first.database };
    if (first.type === "in-use") return { type: "in-use", path };
    const aside = setAside(path, first.reason, options.nowMs);
    const second = tryOpen(path, options);
    if (second.type === "ready")
      return {
        type: "opened",
        database: second.database,
        setAside: { path: aside, reason: first.reason },
      };
    return {
      type: "failed",
      path,
      error: new Error(`Cannot begin a new state file at "${path}" after setting one aside`),
    };
  } catch (thrown) {
    const error = toError(thrown);
    return { type: isDiskTrouble(error) ? "unwritable" : "failed", path, error };
  }
}

type Attempt =
  | { readonly type: "ready"; readonly database: DatabaseSync }
  | { readonly type: "in-use" }
  | { readonly type: "untrusted"; readonly reason: string };

function tryOpen(path: string, options: OpenOptions): Attempt {
  const isNew = !existsSync(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec(
      `PRAGMA locking_mode=EXCLUSIVE; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-${CACHE_KIB}; PRAGMA temp_store=MEMORY;
      PRAGMA secure_delete=FAST; PRAGMA journal_size_limit=${WAL_MAX_BYTES}; BEGIN EXCLUSIVE; COMMIT;`,
    );
    const reason =
      isNew || isEmpty(database)
        ? undefined
        : (findCondemnation(path) ?? distrust(database, options.cluster));
    if (reason !== undefined) {
      database.close();
      return { type: "untrusted", reason };
    }
    if (isEmpty(database)) create(database, options);
    else noteCluster(database, options.cluster);
    return { type: "ready", database };
  } catch (thrown) {
    if (database.isOpen) database.close();
    const error = toError(thrown);
    if (/locked|busy/i.test(error.message)) return { type: "in-use" };
    if (/malformed|not a database|corrupt|no such (table|column)/i.test(error.message))
      return { type: "untrusted", reason: `it is corrupt: ${error.message}` };
    throw error;
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0;
}

function create(database: DatabaseSync, options: OpenOptions): void {
  database.exec("BEGIN");
  database.exec(SCHEMA);
  database.exec(`PRAGMA user_version=${FORMAT}`);
  const put = database.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
  put.run("cluster_address", options.cluster.address);
  put.run("redaction_key", options.newKey());
  if (options.cluster.uid !== undefined) put.run("cluster_uid", options.cluster.uid);
  database.exec("COMMIT");
}

/** A right to read kube-system that came later makes the mark stronger, it does not make it another cluster. */
function noteCluster(database: DatabaseSync, cluster: ClusterMark): void {
  const put = database.prepare(
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  if (cluster.uid !== undefined) put.run("cluster_uid", cluster.uid);
  put.run("cluster_address", cluster.address);
}

function distrust(database: DatabaseSync, cluster: ClusterMark): string | undefined {
  const format = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (typeof format !== "number" || format > FORMAT)
    return `its format is ${String(format)}, this program knows formats up to ${FORMAT}`;
  const damage = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (damage !== "ok") return `it is corrupt: ${String(damage)}`;
  const uid = readMeta(database, "cluster_uid");
  const address = readMeta(database, "cluster_address");
  const isSame =
    uid !== undefined && cluster.uid !== undefined
      ? uid === cluster.uid
      : address === cluster.address;
  return isSame
    ? undefined
    : `it belongs to another cluster (${uid ?? address ?? "unknown"}, this one is ${cluster.uid ?? cluster.address})`;
}

/** Sees to it that the next who opens the file sets it aside. Does its best: the disk may fail this, too. */
export function condemn(path: string, reason: string): void {
  try {
    writeFileSync(path + DAMAGED_SUFFIX, `${reason}\n`);
  } catch {
    // Then it is up to what is found at the start.
  }
}

function findCondemnation(path: string): string | undefined {
  if (!existsSync(path + DAMAGED_SUFFIX)) return undefined;
  return `it is corrupt, which was found while it was used: ${readFileSync(path + DAMAGED_SUFFIX, "utf8").trim()}`;
}

export function readMeta(database: DatabaseSync, key: string): string | undefined {
  const value = database.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
  return typeof value === "string" ? value : undefined;
}

function setAside(path: string, reason: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(":", "-");
  const why = reason.includes("cluster")
    ? "other-cluster"
    : reason.includes("format")
      ? "newer-format"
      : "corrupt";
  const aside = `${path}.${stamp}.${why}`;
  for (const companion of COMPANIONS) {
    if (existsSync(path + companion)) renameSync(path + companion, aside + companion);
  }
  return aside;
}
