import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { isOlderVersion } from "../util/resource-version.ts";
import type {
  AppearanceCause,
  Change,
  Difference,
  DisappearanceCause,
  SpecWrite,
} from "./change.ts";
import { diff } from "./diff.ts";
import {
  decodeManagers,
  encodeManagers,
  findAuthors,
  findSpecWrite,
  type ManagerSummary,
  summarizeManagers,
} from "./managers.ts";
import {
  decodeMetadata,
  decodeSpec,
  decodeState,
  decodeStatus,
  encodeState,
  type ObjectState,
  type Section,
} from "./object-state.ts";
import type { Redact } from "./redact.ts";
import { trim } from "./trim.ts";

export type CompareInput = {
  readonly facts: KindFacts;
  readonly observedAtMs: number;
  /** What is remembered under this UID. */
  readonly known: ObjectState | undefined;
  /** As the API server sent it. */
  readonly incoming: KubeObject;
  readonly redact: Redact;
  /** Why it appeared; asked only if nothing is known of it. */
  readonly appearance: () => AppearanceCause;
  /** It came with a list, which tells the truth even where its resourceVersions are lower: etcd may have been restored. */
  readonly isListed: boolean;
  /** It happened while nobody watched. */
  readonly isLate?: boolean;
};

/** What became of one object that was seen. `state` is what the row should hold from now on. */
export type Comparison =
  | { readonly type: "appeared"; readonly change: Change; readonly state: ObjectState }
  | { readonly type: "changed"; readonly change: Change; readonly state: ObjectState }
  /** Nothing differs that is anybody's news; `state` where at least the resourceVersion moved. */
  | { readonly type: "unchanged"; readonly state?: ObjectState }
  /** A live event, older than what is known: to be dropped and counted. */
  | { readonly type: "stale" }
  /** The first sight under another API version: its form may differ everywhere, which is no change by itself. */
  | { readonly type: "replaced"; readonly state: ObjectState };

/** Compares an object with what is remembered of it; trims and redacts it first, so that nothing else ever gets further. */
export function compare(input: CompareInput): Comparison {
  const { known, incoming } = input;
  const { resourceVersion } = incoming.metadata;
  if (known === undefined) {
    const { object: after, state, managers } = remember(input);
    const change: Change = {
      ...stamp(input),
      type: "appeared",
      after,
      cause: input.appearance(),
      ...specWriteOf(findSpecWrite(managers)),
    };
    return { type: "appeared", change, state };
  }
  if (!input.isListed && isOlderVersion(resourceVersion, known.resourceVersion))
    return { type: "stale" };
  const isSameForm = known.apiVersion === incoming.apiVersion;
  if (isSameForm && known.resourceVersion === resourceVersion) return { type: "unchanged" };
  return compareContent(input, known);
}

export type DisappearedInput = {
  readonly facts: KindFacts;
  readonly observedAtMs: number;
  readonly known: ObjectState;
  readonly redact: Redact;
  readonly cause: DisappearanceCause;
  /** The object as the DELETED event showed it, at the resourceVersion of the deletion. */
  readonly last?: KubeObject;
  /** A watch with a selector says DELETED too when an object leaves its view, and shows the state before that. */
  readonly hasSelector?: boolean;
  /** It happened while nobody watched. */
  readonly isLate?: boolean;
};

/** The Change of an object that is gone: as it was last seen, which only a DELETED event shows to the end. */
export function disappeared(input: DisappearedInput): Change {
  const { known, last } = input;
  const before = last === undefined ? decodeState(known) : input.redact(trim(last));
  const mayHaveLeft = input.hasSelector === true && last?.metadata.deletionTimestamp === undefined;
  return {
    ...stamp(input),
    type: "disappeared",
    before,
    cause: input.cause,
    finalStateUnknown: last === undefined || mayHaveLeft,
  };
}

/**
 * The one Change that stands for all between two remembered states of an object: `elapsed` where nothing differs that
 * is anybody's news.
 */
export function netChange(input: {
  readonly facts: KindFacts;
  readonly observedAtMs: number;
  readonly before: ObjectState;
  readonly after: ObjectState;
}): Change {
  const { before: known, after: state } = input;
  const after = decodeState(state);
  const elapsed: Change = { ...stamp(input), type: "elapsed", after };
  const before = decodeShared(known, state, after);
  const differences = findDifferences({
    before,
    after,
    changed: findNews(known, state),
  });
  if (differences.length === 0) return elapsed;
  const authorship = findAuthors({
    before: decodeManagers(known.managers),
    after: decodeManagers(state.managers),
    entries: undefined,
    differences,
  });
  return { ...stamp(input), type: "changed", before, after, differences, ...authorship };
}

function stamp(
  input: Pick<CompareInput, "facts" | "observedAtMs" | "isLate">,
): Pick<Change, "kind" | "observedAtMs" | "isLate"> {
  const { facts: kind, observedAtMs, isLate } = input;
  return isLate === true ? { kind, observedAtMs, isLate } : { kind, observedAtMs };
}

function specWriteOf(specWrite: SpecWrite | undefined): { readonly specWrite?: SpecWrite } {
  return specWrite === undefined ? {} : { specWrite };
}

function remember(input: CompareInput): {
  readonly object: KubeObject;
  readonly state: ObjectState;
  readonly managers: ManagerSummary;
} {
  const { incoming, known, redact } = input;
  const managers = summarizeManagers(incoming.metadata.managedFields);
  const trimmed = trim(incoming);
  const encoded = encodeManagers(managers);
  const asSent = encodeAsSent(trimmed, encoded);
  const isSameForm = known?.apiVersion === incoming.apiVersion && known.kind === incoming.kind;
  // A text that was remembered is redacted already, and most writes leave most sections as they were.
  const object = redact(
    trimmed,
    (section) => isSameForm && asSent !== undefined && known[section] === asSent[section],
  );
  const state = object === trimmed && asSent !== undefined ? asSent : encodeState(object, encoded);
  return { object, state, managers };
}

/** Undefined if it is nested too deep to be written (V8: some 4,000 levels) before redaction has cut it. */
function encodeAsSent(trimmed: KubeObject, managers: string): ObjectState | undefined {
  try {
    return encodeState(trimmed, managers);
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function compareContent(input: CompareInput, known: ObjectState): Comparison {
  const { object: after, state, managers } = remember(input);
  const before = decodeShared(known, state, after);
  const differences = findDifferences({
    before,
    after,
    changed: findNews(known, state),
  });
  if (differences.length === 0)
    return { type: known.apiVersion === state.apiVersion ? "unchanged" : "replaced", state };
  const knownManagers = decodeManagers(known.managers);
  const authorship = findAuthors({
    before: knownManagers,
    after: managers,
    entries: input.incoming.metadata.managedFields,
    differences,
  });
  const change: Change = {
    ...stamp(input),
    type: "changed",
    before,
    after,
    differences,
    ...authorship,
    ...(before.metadata.generation === after.metadata.generation
      ? {}
      : specWriteOf(findSpecWrite(managers, knownManagers))),
  };
  return { type: "changed", change, state };
}

/**
 * Which sections may hold news. Under another API version a form may differ everywhere, which is nobody's doing, but
 * what was written in between must not go untold: a write shows in the resourceVersion, one of the spec in the
 * generation, too. A diff of a spec that was written may then name fields that only moved.
 */
function findNews(known: ObjectState, state: ObjectState): (section: Section) => boolean {
  if (known.apiVersion === state.apiVersion) return (section) => known[section] !== state[section];
  if (known.resourceVersion === state.resourceVersion) return () => false;
  const isSpecWritten = decodeMetadata(known).generation !== decodeMetadata(state).generation;
  return (section) => known[section] !== state[section] && (section !== "spec" || isSpecWritten);
}

/** The object as it was; sections that are equal are not parsed but those of `after`. */
function decodeShared(known: ObjectState, state: ObjectState, after: KubeObject): KubeObject {
  const { resourceVersion } = known;
  const metadata =
    known.metadata === state.metadata
      ? { ...after.metadata, resourceVersion }
      : decodeMetadata(known);
  const status = known.status === state.status ? statusOf(after) : decodeStatus(known);
  if (known.spec === state.spec && known.status !== "") return { ...after, metadata, ...status };
  const spec = known.spec === state.spec ? specOf(after) : decodeSpec(known);
  return { apiVersion: known.apiVersion, kind: known.kind, metadata, ...spec, ...status };
}

/** Compares only the sections whose texts differ; resourceVersion and namespace are in none of them. */
function findDifferences(sides: {
  readonly before: KubeObject;
  readonly after: KubeObject;
  readonly changed: (section: Section) => boolean;
}): readonly Difference[] {
  const { before, after, changed } = sides;
  const found: Difference[] = [];
  if (changed("metadata")) {
    const { resourceVersion, namespace } = after.metadata;
    const known = { ...before.metadata, resourceVersion, namespace };
    found.push(...diff(known, after.metadata, ["metadata"]));
  }
  if (changed("spec")) found.push(...diff(specOf(before), specOf(after)));
  if (changed("status")) found.push(...diff(before.status, after.status, ["status"]));
  return found;
}

function statusOf(object: KubeObject): { readonly status?: unknown } {
  return object.status === undefined ? {} : { status: object.status };
}

function specOf(object: KubeObject): Readonly<Record<string, unknown>> {
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata: _metadata,
    status: _status,
    ...spec
  } = object;
  return spec;
}
