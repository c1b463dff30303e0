import { columnsOf, decodeState, encodeState, type ObjectState } from "../history/object-state.ts";
import type { Redact } from "../history/redact.ts";
import { decodeMemory, encodeMemory, forgetValuesOf } from "../lifecycle/memory.ts";
import type { ObjectRow } from "../store/rows.ts";
import { isDamage, isOfStateFile } from "../store/sqlite-error.ts";
import type { Store, WithheldTexts, Written } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { fieldAt } from "../util/json.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { toError } from "../util/to-error.ts";
import type { PipelineReport } from "./report.ts";
import { decodeReported } from "./reported.ts";

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
 * Begun anew if the process ends before it is done, or something could not be read; while nothing can be written it
 * waits. Throws where the state file is damaged.
 */
export async function renewRedaction(options: RenewRedactionOptions): Promise<void> {
  const { clock, report, signal } = options;
  while (!signal.aborted) {
    try {
      await renewAll(options);
      return;
    } catch (thrown) {
      if (!isOfStateFile(thrown) || isDamage(thrown)) throw thrown;
      report({ type: "state-unreadable", error: toError(thrown) });
      await clock.sleep(RETRY_MS, signal);
    }
  }
}

async function renewAll(options: RenewRedactionOptions): Promise<void> {
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
  const watches = store.knownWatches();
  const kinds = new Map(watches.map(({ id, facts }) => [id, kindOf(facts)]));
  const byKindId = new Map(watches.map(({ kindId, facts }) => [kindId, kindOf(facts)]));
  await rewriteWithheld(options, (kindId) => byKindId.get(kindId) ?? "");
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
    const next = { ...renewed, memory };
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
    one.memory === other.memory
  );
}

function renewMemory(text: string): string {
  const memory = decodeMemory(text);
  const renewed = forgetValuesOf(memory);
  return renewed === memory ? text : encodeMemory(renewed);
}

function renewState(
  row: Omit<ObjectState, "kind">,
  kind: string,
  redact: Redact,
): Partial<ObjectState> {
  const object = decodeState({ ...row, kind });
  const redacted = redact(object);
  return redacted === object ? {} : columnsOf(encodeState(redacted, row.managers));
}

/** The same for what waits for room in the outbox: what was last told of an object, and the records of its deletion. */
async function rewriteWithheld(
  options: RenewRedactionOptions,
  kindOfId: (kindId: number) => string,
): Promise<void> {
  const { store, signal } = options;
  const slice = new TimeSlice();
  let after = 0;
  while (!signal.aborted) {
    const page = store.withheldAfter(after, PAGE);
    for (const key of page) {
      const known: WithheldTexts = {
        reported: store.reported(key) ?? "",
        gone: store.withheld(key)?.gone ?? null,
      };
      const texts = renewTexts(known, kindOfId(key.kindId), { ...options, uid: key.uid });
      if (texts.reported !== known.reported || texts.gone !== known.gone)
        await untilWritten(options, () => wholly(store.renewWithheld(key, texts)));
      await slice.breathe();
    }
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** One that no sense can be made of stays as it is, and must not keep the process from its start. */
function renewTexts(
  known: WithheldTexts,
  kind: string,
  {
    redact,
    report,
    uid,
  }: Pick<RenewRedactionOptions, "redact" | "report"> & { readonly uid: string },
): WithheldTexts {
  const { reported, gone } = known;
  try {
    return {
      reported: reported === "" ? "" : renewReported(reported, kind, redact),
      gone: gone === null ? null : renewMap(gone, redact),
    };
  } catch (thrown) {
    report({ type: "object-skipped", watch: "", object: uid, error: toError(thrown) });
    return known;
  }
}

function renewReported(text: string, kind: string, redact: Redact): string {
  const { state, memory } = decodeReported(text, kind);
  const renewed = { ...columnsOf(state), ...renewState(state, kind, redact) };
  return JSON.stringify({
    ...renewed,
    memory: renewMap(encodeMemory(forgetValuesOf(memory)), redact),
  });
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
      if (isDamage(thrown)) throw thrown;
      report({ type: "commit-failed", error: toError(thrown), changes: 0 });
      await clock.sleep(RETRY_MS, signal);
    }
  }
  return undefined;
}
