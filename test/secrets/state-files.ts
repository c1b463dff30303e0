import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The bytes of every file below a directory, as they lie on the disk at this moment. */
export function bytesOfFiles(directory: string): Buffer {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  return Buffer.concat(files);
}

/** Every value of every table of a state file that nobody has open, whole also where SQLite cut it into pages. */
export function valuesOfTables(file: string): Buffer {
  using database = openReadOnly(file);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const rows = tables.flatMap(({ name }) =>
    database.prepare(`SELECT * FROM "${String(name)}"`).all(),
  );
  const values = rows.flatMap((row) => Object.values(row));
  return Buffer.concat(
    values.map((value) =>
      value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
    ),
  );
}

function openReadOnly(file: string): DatabaseSync & Disposable {
  return new DatabaseSync(file, { readOnly: true });
}
