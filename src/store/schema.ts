/**
 * The layout of the state file. Integer keys, small columns first, text compared as text: measured, a third of the
 * cost of a text key without rowid. Any change here is a new format with a migration from the one before.
 */
export const FORMAT = 1;

export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE kinds (id INTEGER PRIMARY KEY, grp TEXT NOT NULL, resource TEXT NOT NULL, UNIQUE (grp, resource));

-- position: the resourceVersion up to which everything is committed; null until a look was completed, and during the next.
-- position_at: when everything was known last; null until a look was completed once.
CREATE TABLE watches (
  id INTEGER PRIMARY KEY,
  kind_id INTEGER NOT NULL,
  key TEXT NOT NULL UNIQUE,
  position TEXT,
  position_at INTEGER,
  facts TEXT NOT NULL
);

-- owner: the UID of the object that controls it, empty for none.
CREATE TABLE objects (
  id INTEGER PRIMARY KEY,
  kind_id INTEGER NOT NULL,
  watch_id INTEGER NOT NULL,
  due_at INTEGER,
  health TEXT NOT NULL,
  owner TEXT NOT NULL,
  uid TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  api_version TEXT NOT NULL,
  resource_version TEXT NOT NULL,
  memory TEXT NOT NULL,
  managers TEXT NOT NULL,
  metadata TEXT NOT NULL,
  spec TEXT NOT NULL,
  status TEXT NOT NULL
);
-- By UID first: an owner is found by its UID alone, whatever its kind.
CREATE UNIQUE INDEX objects_by_uid ON objects (uid, kind_id);
CREATE INDEX objects_by_name ON objects (watch_id, namespace, name);
CREATE INDEX objects_by_owner ON objects (owner) WHERE owner <> '';
CREATE INDEX objects_by_due ON objects (due_at) WHERE due_at IS NOT NULL;

-- positions: JSON, watch key to the resourceVersion that the request covers.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  signal TEXT NOT NULL,
  encoding TEXT NOT NULL,
  records INTEGER NOT NULL,
  committed_at INTEGER NOT NULL,
  positions TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX outbox_by_signal ON outbox (signal, encoding, id);

-- What the collector refused for good, each body a whole request of one record; refused_at: Unix milliseconds.
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  signal TEXT NOT NULL,
  encoding TEXT NOT NULL,
  refused_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  body BLOB NOT NULL
);
-- Objects whose last changes had no room in the outbox, be they still there or not. changes: how many; seen_at: when the
-- last of them was seen. appearance: why it appeared, where nothing was told of it yet. gone: the records of its
-- deletion, where it is gone. reported: the state and the memory as they were last told; the big one comes last.
CREATE TABLE withheld (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL,
  kind_id INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  appearance TEXT,
  gone TEXT,
  reported TEXT NOT NULL
);
CREATE UNIQUE INDEX withheld_by_uid ON withheld (uid, kind_id);

-- announced: 1 once the zero that a cumulative series begins with was acknowledged.
CREATE TABLE counters (
  metric TEXT NOT NULL,
  attributes TEXT NOT NULL,
  value REAL NOT NULL,
  started_at INTEGER NOT NULL,
  announced INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (metric, attributes)
) WITHOUT ROWID;

-- counts: JSON, per bucket; exemplar: JSON, the newest.
CREATE TABLE histograms (
  metric TEXT NOT NULL,
  attributes TEXT NOT NULL,
  counts TEXT NOT NULL,
  sum REAL NOT NULL,
  started_at INTEGER NOT NULL,
  announced INTEGER NOT NULL DEFAULT 0,
  exemplar TEXT,
  PRIMARY KEY (metric, attributes)
) WITHOUT ROWID;
`;
