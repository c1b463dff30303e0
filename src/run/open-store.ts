import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClusterIdentity } from "../cluster/cluster-identity.ts";
import { patiently } from "../cluster/patiently.ts";
import type { PipelineReport } from "../pipeline/report.ts";
import { openDatabase, type Opened } from "../store/open-database.ts";
import { isDiskTrouble } from "../store/sqlite-error.ts";
import { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { createMarkKey } from "../util/keyed-mark.ts";
import { toError } from "../util/to-error.ts";
import type { Configuration } from "./configuration.ts";
import type { OwnLog } from "./own-log.ts";
import type { Readiness } from "./readiness.ts";

export type OpenStoreOptions = {
  readonly configuration: Pick<Configuration, "stateDirectory">;
  readonly clock: Clock;
  readonly ownLog: OwnLog;
  /** Where a private state directory may be made. */
  readonly temporaryDirectory: string;
  readonly random: () => number;
  readonly readiness: Readiness;
  readonly report: (report: PipelineReport) => void;
  readonly stop: AbortSignal;
};

/**
 * Opens the state file, in a private directory that is removed at the end if none is configured; `undefined` once asked
 * to stop. A disk that is full or fails is waited for, as it has the history that a new file would not have; a
 * directory that may not be written at all is an error.
 */
export async function openStore(
  options: OpenStoreOptions,
  identity: Extract<ClusterIdentity, { readonly type: "known" }>,
  cleanup: AsyncDisposableStack,
): Promise<Store | Error | undefined> {
  const { stop, readiness, report } = options;
  const directory = options.configuration.stateDirectory ?? makePrivateDirectory(options, cleanup);
  if (directory instanceof Error) return directory;
  const store = await patiently(
    async () => {
      const opened = tryOpen(options, identity, directory);
      if (opened.type !== "unwritable") return opened.outcome;
      readiness.unwritable(opened.error);
      report({ type: "commit-failed", error: opened.error, changes: 0 });
      return undefined;
    },
    { ...options, signal: stop },
  );
  readiness.unwritable(undefined);
  if (store instanceof Store) cleanup.use(store);
  return store;
}

type Attempt =
  | { readonly type: "settled"; readonly outcome: Store | Error }
  | { readonly type: "unwritable"; readonly error: Error };

function tryOpen(
  { clock, ownLog }: OpenStoreOptions,
  identity: Extract<ClusterIdentity, { readonly type: "known" }>,
  directory: string,
): Attempt {
  const cluster = {
    address: identity.addressHash,
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
  };
  const opened = openDatabase({ directory, cluster, nowMs: clock.now(), newKey: createMarkKey });
  if (opened.type === "unwritable") return opened;
  if (opened.type === "opened" && opened.setAside !== undefined) {
    ownLog.log(
      "warn",
      `Began a new state file: the one that was there is not trusted, as ${opened.setAside.reason}; it was kept as ${opened.setAside.path}`,
    );
  }
  return opened.type === "opened"
    ? createStore(opened)
    : { type: "settled", outcome: cannotOpen(opened) };
}

function createStore({ database }: Extract<Opened, { readonly type: "opened" }>): Attempt {
  try {
    return { type: "settled", outcome: new Store(database) };
  } catch (thrown) {
    const error = toError(thrown);
    const path = database.location() ?? "";
    database.close();
    return isDiskTrouble(error)
      ? { type: "unwritable", error }
      : { type: "settled", outcome: cannotOpen({ type: "failed", path, error }) };
  }
}

function cannotOpen(opened: Extract<Opened, { readonly type: "in-use" | "failed" }>): Error {
  if (opened.type === "in-use")
    return new Error(
      `Cannot open the state file "${opened.path}": another process has it; give each its own LIFELINE_STATE_DIR`,
    );
  return new Error(
    `Cannot open the state file "${opened.path}": ${opened.error.message}; LIFELINE_STATE_DIR must be a directory that this user may write`,
    { cause: opened.error },
  );
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
