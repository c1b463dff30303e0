import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClusterIdentity } from "../cluster/cluster-identity.ts";
import { openDatabase } from "../store/open-database.ts";
import { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { createMarkKey } from "../util/keyed-mark.ts";
import { toError } from "../util/to-error.ts";
import type { Configuration } from "./configuration.ts";
import type { OwnLog } from "./own-log.ts";

export type OpenStoreOptions = {
  readonly configuration: Pick<Configuration, "stateDirectory">;
  readonly clock: Clock;
  readonly ownLog: OwnLog;
  /** Where a private state directory may be made. */
  readonly temporaryDirectory: string;
};

/** Opens the state file, in a private directory that is removed at the end if none is configured. */
export function openStore(
  options: OpenStoreOptions,
  identity: Extract<ClusterIdentity, { readonly type: "known" }>,
  cleanup: AsyncDisposableStack,
): Store | Error {
  const { clock, ownLog } = options;
  const directory = options.configuration.stateDirectory ?? makePrivateDirectory(options, cleanup);
  if (directory instanceof Error) return directory;
  const cluster = {
    address: identity.addressHash,
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
  };
  const opened = openDatabase({ directory, cluster, nowMs: clock.now(), newKey: createMarkKey });
  if (opened.type === "in-use")
    return new Error(
      `Cannot open the state file "${opened.path}": another process has it; give each its own LIFELINE_STATE_DIR`,
    );
  if (opened.type === "failed")
    return new Error(
      `Cannot open the state file "${opened.path}": ${opened.error.message}; LIFELINE_STATE_DIR must be a directory that this user may write`,
      { cause: opened.error },
    );
  if (opened.setAside !== undefined) {
    ownLog.log(
      "warn",
      `Began a new state file: the one that was there is not trusted, as ${opened.setAside.reason}; it was kept as ${opened.setAside.path}`,
    );
  }
  const store = new Store(opened.database);
  cleanup.use(store);
  return store;
}

function makePrivateDirectory(
  { temporaryDirectory }: OpenStoreOptions,
  cleanup: AsyncDisposableStack,
): string | Error {
  try {
    const directory = mkdtempSync(join(temporaryDirectory, "lifeline-"));
    cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  } catch (thrown) {
    const cause = toError(thrown);
    return new Error(
      `Cannot make a private state directory in "${temporaryDirectory}": ${cause.message}; set LIFELINE_STATE_DIR to a directory that this user may write`,
      { cause },
    );
  }
}
