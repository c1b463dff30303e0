const SERIES_COLUMNS =
  "id, kind_id, watch_id, health, uid, namespace, name, api_version, resource_version, metadata, status";

/** Begins like that of series, so that one reads the beginning of the other. */
const OBJECT_COLUMNS = `${SERIES_COLUMNS}, due_at, memory, managers, spec, owner`;

/**
 * Every statement of the store, by the name under which it is prepared.
 *
 * A plus before a column keeps SQLite from choosing that column's index: by due_at few rows are read, by watch_id all.
 * One before the value of a LIMIT keeps it from planning for that value, which compiles the statement anew whenever one
 * is bound: measured, 10 of the 11 µs that it took to find no children.
 */
export const STATEMENTS = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  setMeta:
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  addKind: "INSERT INTO kinds (grp, resource) VALUES (?, ?) ON CONFLICT DO NOTHING",
  findKind: "SELECT id FROM kinds WHERE grp = ? AND resource = ?",
  addWatch:
    "INSERT INTO watches (kind_id, key, facts) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET facts = excluded.facts",
  findWatch: "SELECT id, position, position_at, facts FROM watches WHERE key = ?",
  watches: "SELECT id, kind_id, key, facts FROM watches ORDER BY id",
  resetWatch: "UPDATE watches SET position = NULL, position_at = NULL WHERE id = ?",
  removeWatch:
    "DELETE FROM watches WHERE id = ? AND NOT EXISTS (SELECT 1 FROM objects WHERE watch_id = watches.id)",
  removeKinds: "DELETE FROM kinds WHERE id NOT IN (SELECT kind_id FROM watches)",
  setPosition:
    "UPDATE watches SET position = ?, position_at = coalesce(?, position_at) WHERE id = ?",
  objectById: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE id = ?`,
  objectsAfter: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE id > ? ORDER BY id LIMIT +?`,
  objectByUid: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE uid = ? AND kind_id = ?`,
  objectOfAnyKind: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE uid = ? LIMIT 1`,
  objectByName: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE watch_id = ? AND namespace = ? AND name = ?`,
  children:
    "SELECT id, kind_id, watch_id, owner, uid, namespace, name, memory FROM objects WHERE owner = ? AND owner <> '' ORDER BY id LIMIT +?",
  anyOwned: "SELECT 1 FROM objects WHERE owner <> '' LIMIT 1",
  seriesById: `SELECT ${SERIES_COLUMNS} FROM objects WHERE id = ?`,
  seriesAfter: `SELECT ${SERIES_COLUMNS} FROM objects WHERE id > ? ORDER BY id LIMIT +?`,
  watchObjectsAfter:
    "SELECT id, namespace, name FROM objects WHERE watch_id = ? AND (namespace, name) > (?, ?) ORDER BY namespace, name LIMIT +?",
  dueObjects: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE due_at <= ? AND +watch_id IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT +?`,
  nextDue:
    "SELECT due_at FROM objects WHERE due_at IS NOT NULL AND +watch_id IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT 1",
  countObjects: "SELECT count(*) AS n FROM objects",
  countsByHealth:
    "SELECT watch_id, namespace, health, count(*) AS n FROM objects GROUP BY watch_id, namespace, health",
  remove: "DELETE FROM objects WHERE id = ?",
  // What most changes are: the columns of no index, so that none is touched. Another watch or deadline changes no row here.
  update: `UPDATE objects SET health = ?, api_version = ?, resource_version = ?, metadata = ?, status = ?, memory = ?, managers = ?, spec = ?
    WHERE id = ? AND watch_id = ? AND due_at IS ? AND owner = ?`,
  // The same and the deadline, where that is known to be another one: to find it out by `update` costs 3 µs (measured).
  updateDeadline: `UPDATE objects SET health = ?, api_version = ?, resource_version = ?, metadata = ?, status = ?, memory = ?, managers = ?, spec = ?, due_at = ?
    WHERE id = ? AND watch_id = ? AND owner = ?`,
  upsert: `INSERT INTO objects (${OBJECT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET watch_id = excluded.watch_id, due_at = excluded.due_at, health = excluded.health, api_version = excluded.api_version,
    resource_version = excluded.resource_version, memory = excluded.memory, managers = excluded.managers, metadata = excluded.metadata,
    spec = excluded.spec, status = excluded.status, owner = excluded.owner`,
  outboxHeads:
    "SELECT id, records, length(body) AS size FROM outbox WHERE signal = ? AND encoding = ? ORDER BY id LIMIT 64",
  outboxBody: "SELECT body FROM outbox WHERE id = ?",
  acknowledge:
    "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?)) RETURNING signal, encoding, length(body) AS size",
  outboxSizes:
    "SELECT signal, encoding, sum(length(body)) AS size FROM outbox GROUP BY signal, encoding",
  outboxState:
    "SELECT count(*) AS requests, coalesce(sum(records), 0) AS records, coalesce(sum(length(body)), 0) AS bytes, min(committed_at) AS oldest FROM outbox",
  addRequest:
    "INSERT INTO outbox (signal, encoding, records, committed_at, positions, body) VALUES (?, ?, ?, ?, ?, ?)",
  outboxSize: "SELECT signal, encoding, length(body) AS size FROM outbox WHERE id = ?",
  shortenRequest: "UPDATE outbox SET records = ?, body = ? WHERE id = ?",
  addDeadLetter:
    "INSERT INTO dead_letters (signal, encoding, refused_at, reason, bytes, body) VALUES (?, ?, ?, ?, ?, ?)",
  // Oldest first, until what is left fits both bounds.
  forgetDeadLetters: `DELETE FROM dead_letters WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER newest AS position, sum(bytes) OVER newest AS total
    FROM dead_letters WINDOW newest AS (ORDER BY id DESC)) WHERE position > ? OR total > ?)`,
  deadLetters:
    "SELECT id, signal, encoding, refused_at, reason, bytes, body FROM dead_letters ORDER BY id",
  deadLetterState: "SELECT count(*) AS records, coalesce(sum(bytes), 0) AS bytes FROM dead_letters",
  countWithheld: "SELECT count(*) AS n FROM withheld",
  withheld: "SELECT changes, seen_at, appearance, gone FROM withheld WHERE uid = ? AND kind_id = ?",
  reported: "SELECT reported FROM withheld WHERE uid = ? AND kind_id = ?",
  withheldAfter: "SELECT id, uid, kind_id FROM withheld WHERE id > ? ORDER BY id LIMIT +?",
  withhold:
    "INSERT INTO withheld (uid, kind_id, changes, seen_at, appearance, gone, reported) VALUES (?, ?, ?, ?, ?, ?, ?)",
  withholdMore:
    "UPDATE withheld SET changes = ?, seen_at = ?, appearance = ?, gone = ? WHERE uid = ? AND kind_id = ?",
  renewWithheld: "UPDATE withheld SET gone = ?, reported = ? WHERE uid = ? AND kind_id = ?",
  endWithholding: "DELETE FROM withheld WHERE uid = ? AND kind_id = ?",
  addToCounter:
    "INSERT INTO counters (metric, attributes, value, started_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
  counters: "SELECT metric, attributes, value, started_at, announced FROM counters",
  announceCounter: "UPDATE counters SET announced = 1 WHERE metric = ? AND attributes = ?",
  histogram: "SELECT * FROM histograms WHERE metric = ? AND attributes = ?",
  putHistogram:
    "INSERT OR REPLACE INTO histograms (metric, attributes, counts, sum, started_at, announced, exemplar) VALUES (?, ?, ?, ?, ?, ?, ?)",
  histograms: "SELECT * FROM histograms",
  announceHistogram: "UPDATE histograms SET announced = 1 WHERE metric = ? AND attributes = ?",
} as const;

/** Those that read objects, as lists of SERIES_COLUMNS or OBJECT_COLUMNS: measured, a third less than by column name. */
export const LIST_STATEMENTS = [
  "objectById",
  "objectsAfter",
  "objectByUid",
  "objectOfAnyKind",
  "objectByName",
  "dueObjects",
  "seriesById",
  "seriesAfter",
] as const satisfies readonly (keyof typeof STATEMENTS)[];
