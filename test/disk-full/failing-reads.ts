import { StatementSync } from "node:sqlite";

/*
 * To be imported before the program: from each SIGUSR2 to the next, whatever is read of the state file fails as if its
 * disk did.
 */
let isFailing = false;
process.on("SIGUSR2", () => {
  isFailing = !isFailing;
});

for (const name of ["get", "all"] as const) {
  // oxlint-disable-next-line typescript/unbound-method -- called with its statement below
  const read: (...values: never[]) => unknown = StatementSync.prototype[name];
  Object.defineProperty(StatementSync.prototype, name, {
    value(this: StatementSync, ...values: readonly unknown[]) {
      if (isFailing)
        // SQLITE_IOERR_READ, as node:sqlite throws it.
        throw Object.assign(new Error("disk I/O error"), {
          code: "ERR_SQLITE_ERROR",
          errcode: 266,
        });
      return Reflect.apply(read, this, values);
    },
  });
}
