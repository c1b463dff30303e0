import { decodeState, encodeState } from "../history/object-state.ts";
import type { Redact } from "../history/redact.ts";
import { decodeMemory, encodeMemory, forgetValuesOf } from "../lifecycle/memory.ts";
import type { ObjectRow } from "../store/rows.ts";
import type { Store, Written } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { fieldAt, isMap, type JsonMap } from "../util/json.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { toError } from "../util/to-error.ts";
import { columnsOf } from "./fold.ts";
import type { PipelineReport } from "./report.ts";

/** Rows that are read and written at once; a page of large objects is a few megabytes. */
const PAGE = 100;
const RETRY_MS = 1000;

export type RenewRedactionOptions = {
  readonly store: Store;
  /** By the rules of now. */
  readonly redact: Redact;
  /** Of these rules. */
  readonly version: number;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
  readonly signal: AbortSignal;
};

/**
 * Puts everything that is remembered through the redaction rules of now, if it went through others: before any watch
 * begins, so that new rules are no change of any object, and without a trace, so that what they cover is in no part of
 * the file any more, its free space and its WAL included.
 *
 * What waits in the outbox was encoded under the old rules, and stays as it is: bytes are sent as they were committed.
 * Begun anew if the process ends before it is done; while nothing can be written it waits.
 */
export async function renewRedaction(options: RenewRedactionOptions): Promise<void> {
  const { store, clock, report, signal } = options;
  const version = String(options.version);
  if (store.redactionVersion === version) return;
  const startedMs = clock.now();
  const hadObjects = store.countObjects() > 0;
  const changed = await rewriteAll(options);
  const slice = new TimeSlice();
  while (!signal.aborted && (await untilWritten(options, () => store.eraseFreePages())) === "more")
    await slice.breathe();
  if (!signal.aborted) await untilWritten(options, () => wholly(store.finishErasing(version)));
  if (!hadObjects || signal.aborted) return;
  report({
    type: "redaction-renewed",
    objects: changed,
    durationMs: clock.now() - startedMs,
    waiting: store.outboxState().records,
  });
}

/** How many objects hold less than before. */
async function rewriteAll(options: RenewRedactionOptions): Promise<number> {
  const { store, clock, signal } = options;
  const kinds = new Map(store.knownWatches().map(({ id, facts }) => [id, kindOf(facts)]));
  const slice = new TimeSlice();
  let changed = 0;
  let after = 0;
  while (!signal.aborted) {
    const page = store.objectsAfter(after, PAGE);
    const upserts = page.flatMap((row) => renew(row, kinds.get(row.watchId) ?? "", options));
    const work = { upserts, removals: [], positions: [], counterDeltas: [], requests: [] };
    if (upserts.length > 0)
      await untilWritten(options, () =>
        wholly(store.commit({ ...work, committedAtMs: clock.now() })),
      );
    const last = page.at(-1);
    if (last === undefined) break;
    changed += upserts.length;
    after = last.id;
    await slice.breathe();
  }
  return changed;
}

/** The row as the rules of now leave it; none where they change nothing. */
function renew(
  row: ObjectRow,
  kind: string,
  { redact, report }: Pick<RenewRedactionOptions, "redact" | "report">,
): readonly ObjectRow[] {
  try {
    const renewed = { ...row, ...renewState(row, kind, redact) };
    const memory = renewMap(renewMemory(row.memory), redact);
    const reported = row.reported === null ? null : renewReported(row, kind, redact);
    const next = { ...renewed, memory, reported };
    return isSame(row, next) ? [] : [next];
  } catch (thrown) {
    const object = `${row.namespace}/${row.name}`;
    report({ type: "object-skipped", watch: "", object, error: toError(thrown) });
    return [];
  }
}

function isSame(one: ObjectRow, other: ObjectRow): boolean {
  return (
    one.metadata === other.metadata &&
    one.spec === other.spec &&
    one.status === other.status &&
    one.memory === other.memory &&
    one.reported === other.reported
  );
}

function renewMemory(text: string): string {
  const memory = decodeMemory(text);
  const renewed = forgetValuesOf(memory);
  return renewed === memory ? text : encodeMemory(renewed);
}

type Sections = Pick<ObjectRow, "metadata" | "spec" | "status">;

function renewState(row: ObjectRow, kind: string, redact: Redact): Partial<ObjectRow> {
  const object = decodeState({ ...row, kind });
  const redacted = redact(object);
  return redacted === object ? {} : columnsOf(encodeState(redacted, row.managers));
}

/** What was told last, where it lags behind: sections like those of the row, beside fields that hold nothing of the object. */
function renewReported(row: ObjectRow, kind: string, redact: Redact): string {
  const reported: unknown = JSON.parse(row.reported ?? "null");
  if (!isMap(reported) || !holdsSections(reported)) return renewMap(row.reported ?? "null", redact);
  const { metadata, spec, status } = reported;
  const renewed = renewState({ ...row, metadata, spec, status }, kind, redact);
  return JSON.stringify({
    ...reported,
    metadata: renewed.metadata ?? metadata,
    spec: renewed.spec ?? spec,
    status: renewed.status ?? status,
  });
}

function holdsSections(map: JsonMap): map is JsonMap & Sections {
  return ["metadata", "spec", "status"].every((name) => typeof map[name] === "string");
}

/** Any JSON of ours, as if it were an object's. */
function renewMap(text: string, redact: Redact): string {
  const body: unknown = JSON.parse(text);
  const metadata = { name: "", uid: "", resourceVersion: "" };
  const carrier = { apiVersion: "", kind: "", metadata, body };
  const redacted = redact(carrier);
  return redacted === carrier ? text : JSON.stringify(redacted["body"]);
}

function kindOf(facts: string): string {
  const kind = fieldAt(JSON.parse(facts), "kind");
  return typeof kind === "string" ? kind : "";
}

function wholly(written: Written): true {
  if (written.type === "failed") throw written.error;
  return true;
}

/** Tries until the state file takes it; `undefined` once the signal aborts. */
async function untilWritten<Answer>(
  { clock, report, signal }: RenewRedactionOptions,
  write: () => Answer,
): Promise<Answer | undefined> {
  while (!signal.aborted) {
    try {
      return write();
    } catch (thrown) {
      report({ type: "commit-failed", error: toError(thrown), changes: 0 });
      await clock.sleep(RETRY_MS, signal);
    }
  }
  return undefined;
}
