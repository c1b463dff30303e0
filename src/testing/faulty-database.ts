import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Which statements fail from now on, and with which of SQLite's result codes (https://sqlite.org/rescode.html). */
export type Fault = { readonly sql: RegExp; readonly errcode: number; readonly message: string };

/** SQLITE_IOERR_READ. */
export const READ_ERROR = { errcode: 266, message: "disk I/O error" };
/** SQLITE_CORRUPT. */
export const DAMAGE = { errcode: 11, message: "database disk image is malformed" };

/** The same database, but that whatever `fault` names when it is run fails before it reaches SQLite. */
export function createFaultyDatabase(
  database: DatabaseSync,
  fault: () => Fault | undefined,
): DatabaseSync {
  return new Proxy(database, {
    get(target, property) {
      if (property === "prepare")
        return (sql: string) =>
          createFaultyStatement(target.prepare(sql), () => fail(sql, fault()));
      if (property === "exec")
        return (sql: string) => {
          fail(sql, fault());
          target.exec(sql);
        };
      return boundTo(target, property);
    },
  });
}

/** Throws what SQLite would if the fault is that of such a statement. */
export function fail(sql: string, fault: Fault | undefined): void {
  if (fault?.sql.test(sql) !== true) return;
  const { errcode, message } = fault;
  throw Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode, errstr: message });
}

/** The same statement, but that `failing` may throw first. */
export function createFaultyStatement(
  statement: StatementSync,
  failing: () => void,
): StatementSync {
  return new Proxy(statement, {
    get(target, property) {
      if (property === "get" || property === "all" || property === "run") failing();
      return boundTo(target, property);
    },
  });
}

/** Methods of native classes insist on their own object. */
function boundTo(target: object, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property, target);
  return typeof value === "function" ? value.bind(target) : value;
}
