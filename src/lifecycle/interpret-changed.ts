import type { KubeObject } from "../cluster/kube-object.ts";
import type { Difference } from "../history/change.ts";
import { countChanges } from "./change-counts.ts";
import { type ClassifiedDifferences, classifyDifferences } from "./classify-differences.ts";
import {
  findConditionTransitions,
  type TransitionClock,
  whenWritten,
} from "./condition-transitions.ts";
import { type Condition, readConditions } from "./conditions.ts";
import { deletionRequestedAtMs, isDeleting } from "./deletion-time.ts";
import { type EventTime, eventTime } from "./event-time.ts";
import { type Collapsed, type Flood, passTime } from "./flood-guard.ts";
import { type ChangeOf, type InterpretOptions, standing } from "./fold.ts";
import { assessByConditions, assessHealth } from "./health/assess-health.ts";
import type { Assessment } from "./health/assessment.ts";
import { findHealthTransition, rememberHealth } from "./health-transition.ts";
import { readIdentity } from "./identity.ts";
import { isSameMemory, type Memory } from "./memory.ts";
import { rememberConditions, rememberGeneration, startMemory } from "./next-memory.ts";
import { type Phase, readPhase } from "./phase.ts";
import { findPhaseTransition, rememberPhase } from "./phase-transition.ts";
import { conditionsByType, presentConditions } from "./present-conditions.ts";
import { createSubject, type Subject } from "./record.ts";
import { collapsedRecords } from "./records/collapsed.ts";
import { conditionRecord } from "./records/condition-changed.ts";
import { deletingRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import { phaseRecord } from "./records/phase-changed.ts";
import type { LogSignal, Outcome } from "./signal.ts";
import { rememberUnwell, tellStuck } from "./stuck.ts";
import { countTransitions, type Transitions } from "./transition-counts.ts";
import { tellUpdates } from "./tell-updates.ts";
import { followWork } from "./traces/follow-work.ts";
import {
  rememberDone,
  tellEnded,
  traceOfRecords,
  workOfRecords,
  type WorkStory,
} from "./traces/interpret-work.ts";

type Changed = ChangeOf<"changed">;

/** Everything that one write means: its differences, then the transitions that it shows. */
export function interpretChanged(
  change: Changed,
  known: Memory | undefined,
  options: InterpretOptions,
): Outcome {
  const { after, kind, observedAtMs } = change;
  // A row whose memory was lost (a foreign or damaged one) starts from what the object looked like before.
  const memory = known?.health === undefined ? memoryBefore(change) : known;
  const understood = understand(change, memory);
  const { sides, assessment, generation } = understood;
  const story = workOf(memory, understood, options);
  const identity = readIdentity(after, kind);
  const subject = createSubject(
    identity,
    observedAtMs,
    traceOfRecords(identity, { work: workOfRecords(story), generation }, options),
  );
  const passed = passTime(memory.flood, observedAtMs);
  const updates = tellUpdates(subject, {
    classified: sides.classified,
    write: { managers: change.managers, when: sides.when },
    flood: passed.flood,
    minimumSeverity: options.minimumSeverity ?? "DEBUG",
  });
  const done = rememberDone(memory.done, story.ended, after);
  const prepared = { ...understood, flood: updates.flood, work: story.work, done };
  const stuck = tellStuck(subject, remember(memory, prepared), {
    object: after,
    facts: kind,
    assessment,
    stuckAfterMs: options.stuckAfterMs,
  });
  const others = [...tellTransitions(subject, prepared), ...stuck.records];
  const facts = [...updates.facts, ...others];
  return {
    ...standing({ assessment, memory: stuck.memory }, options),
    signals: [
      ...tellCollapsed(change, { memory, collapsed: passed.collapsed }, options),
      ...updates.records,
      ...others,
      ...tellEnded(story.ended, { object: after, identity, assessment }, options),
      ...countChanges(facts, identity, options.clusterName),
      ...countTransitions(understood.transitions, identity, options.clusterName),
    ],
  };
}

/** What the Change means, before anything is told of it. */
function understand(change: Changed, memory: Memory): Understood {
  const { after, kind, observedAtMs } = change;
  const conditions = readConditions(after);
  const sides = readSides(change, memory, conditions);
  const assessment = assessByConditions({
    object: after,
    facts: kind,
    nowMs: observedAtMs,
    conditions,
  });
  const transitions: Transitions = {
    conditions: findConditionTransitions(sides.conditions, memory, sides.clock),
    phase: findPhaseTransition(
      { before: sides.phase.before?.value, after: sides.phase.after?.value },
      memory,
      sides.when,
    ),
    health: findHealthTransition(assessment, memory, {
      when: whenHealthMoved(change, sides.when),
      byTimeAlone: false,
    }),
  };
  const generation = rememberGeneration(memory, {
    object: after,
    facts: kind,
    specChanged: sides.specChanged,
    writtenAtMs: sides.when.happenedAtMs,
  });
  return { change, sides, transitions, assessment, generation };
}

function workOf(memory: Memory, understood: Understood, { traces }: InterpretOptions): WorkStory {
  if (traces === undefined) return { work: memory.work, ended: [] };
  const { change, sides, transitions, assessment, generation } = understood;
  const { before, after: object, kind: facts, observedAtMs, specWrite, isLate = false } = change;
  const step = {
    object,
    facts,
    health: assessment.health,
    generation: generation?.value,
    generationBefore: memory.generation?.value,
    conditions: sides.conditions.after,
    transitions,
    specWrite: specWrite ?? { managers: change.managers },
    when: sides.when,
    observedAtMs,
    isLate,
    before: { conditions: sides.conditions.before, phase: sides.phase.before?.value },
    begins: begunBy(before, object, { memory, generation }),
  };
  return followWork(memory.work, step, traces);
}

function begunBy(
  before: KubeObject,
  after: KubeObject,
  { memory, generation }: { readonly memory: Memory; readonly generation: Memory["generation"] },
): "generation" | "deletion" | undefined {
  if (isDeleting(after)) return isDeleting(before) ? undefined : "deletion";
  // A generation that was not remembered is not new, for what was before it nobody knows.
  const isNew = memory.generation !== undefined && generation !== memory.generation;
  return isNew && generation !== undefined ? "generation" : undefined;
}

/** Their time was over before this write came: they are about the object as it was until then. */
function tellCollapsed(
  { before, kind, observedAtMs }: Changed,
  { memory, collapsed }: { readonly memory: Memory; readonly collapsed: Collapsed | undefined },
  options: InterpretOptions,
): readonly LogSignal[] {
  if (collapsed === undefined) return [];
  const identity = readIdentity(before, kind);
  const work = workOfRecords({ work: memory.work, ended: [] });
  const trace = traceOfRecords(identity, { work, generation: memory.generation }, options);
  return collapsedRecords(createSubject(identity, observedAtMs, trace), collapsed);
}

/** What the two sides of the Change are, read once. */
type Sides = {
  readonly conditions: {
    readonly before: ReadonlyMap<string, Condition>;
    readonly after: ReadonlyMap<string, Condition>;
  };
  readonly phase: { readonly before: Phase | undefined; readonly after: Phase | undefined };
  readonly classified: ClassifiedDifferences;
  readonly specChanged: boolean;
  readonly clock: TransitionClock;
  readonly when: EventTime;
};

type Understood = {
  readonly change: Changed;
  readonly sides: Sides;
  readonly transitions: Transitions;
  readonly assessment: Assessment;
  /** `Memory.generation` from now on. */
  readonly generation: Memory["generation"];
};

type Prepared = Understood & {
  readonly flood: Flood | undefined;
  readonly work: Memory["work"];
  readonly done: Memory["done"];
};

function readSides(change: Changed, memory: Memory, conditions: readonly Condition[]): Sides {
  const { before, after, differences, observedAtMs, writtenAtMs } = change;
  // History shares what a write left as it was.
  const isSameStatus = before.status === after.status;
  const phaseAfter = readPhase(after);
  const phase = { before: isSameStatus ? phaseAfter : readPhase(before), after: phaseAfter };
  const classified = classifyDifferences(differences, { ticks: memory.ticks, phase });
  const clock = { observedAtMs, writtenAtMs };
  const present = conditionsByType(conditions);
  const areKept = isSameStatus || !differences.some(isOfConditions);
  return {
    conditions: { before: areKept ? present : presentConditions(before), after: present },
    phase,
    classified,
    specChanged: classified.updated.some(({ path }) => path[0] !== "metadata"),
    clock,
    when: whenWritten(clock),
  };
}

/** Without any the conditions of both sides are the same, perhaps in another order: then only one side is read. */
function isOfConditions({ path }: Difference): boolean {
  return path[0] === "status" && (path.length === 1 || path[1] === "conditions");
}

/** A requested deletion leaves no time in managedFields: it has its own. */
function whenHealthMoved(
  { before, after, observedAtMs }: Changed,
  whenWrote: EventTime,
): EventTime {
  return isDeleting(after) && !isDeleting(before)
    ? eventTime(deletionRequestedAtMs(after), observedAtMs)
    : whenWrote;
}

/** Never withheld, however often they come. */
function tellTransitions(
  subject: Subject,
  { change, sides, transitions }: Prepared,
): readonly LogSignal[] {
  const { before, after, kind: facts } = change;
  const records: LogSignal[] = [];
  if (isDeleting(after) && !isDeleting(before)) records.push(deletingRecord(subject, after));
  const judgedBy = {
    before,
    after,
    facts,
    specChanged: sides.specChanged,
    hadConditions: sides.conditions.before.size > 0,
  };
  for (const transition of transitions.conditions)
    records.push(conditionRecord(subject, transition, judgedBy));
  if (transitions.phase !== undefined) records.push(phaseRecord(subject, transitions.phase));
  if (transitions.health !== undefined) records.push(healthRecord(subject, transitions.health));
  return records;
}

/** The memory itself where the write moved nothing in it: then its row keeps its text. */
function remember(memory: Memory, prepared: Prepared): Memory {
  const { change, sides, transitions, generation, flood, work, done } = prepared;
  const { observedAtMs } = change;
  const health = rememberHealth(memory, transitions.health);
  const phase = rememberPhase(memory, transitions.phase);
  const conditions = rememberConditions({
    conditions: sides.conditions.after,
    transitions: transitions.conditions,
    memory,
    observedAtMs,
  });
  const unwell = rememberUnwell(memory, {
    health: prepared.assessment.health,
    transition: transitions.health,
    generation,
    observedAtMs,
  });
  const { ticks } = sides.classified;
  const next: Memory = {
    version: 1,
    generation,
    health,
    phase,
    conditions,
    ticks,
    unwell,
    flood,
    work,
    done,
  };
  return isSameMemory(memory, next) ? memory : next;
}

function memoryBefore({ before: object, kind, observedAtMs }: Changed): Memory {
  const { health } = assessHealth(object, kind, observedAtMs);
  return startMemory({ object, health, observedAtMs, created: false });
}
