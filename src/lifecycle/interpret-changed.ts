import { countChanges } from "./change-counts.ts";
import { type ClassifiedDifferences, classifyDifferences } from "./classify-differences.ts";
import {
  type ConditionTransition,
  findConditionTransitions,
  type TransitionClock,
  whenWritten,
} from "./condition-transitions.ts";
import { type Condition, readConditions } from "./conditions.ts";
import { deletionRequestedAtMs, isDeleting } from "./deletion-time.ts";
import { type EventTime, eventTime } from "./event-time.ts";
import { type ChangeOf, type InterpretOptions, standing } from "./fold.ts";
import { assessByConditions, assessHealth } from "./health/assess-health.ts";
import {
  findHealthTransition,
  type HealthTransition,
  rememberHealth,
} from "./health-transition.ts";
import { readIdentity } from "./identity.ts";
import type { Memory } from "./memory.ts";
import { rememberConditions, rememberGeneration, startMemory } from "./next-memory.ts";
import { type Phase, readPhase } from "./phase.ts";
import { findPhaseTransition, type PhaseTransition, rememberPhase } from "./phase-transition.ts";
import { conditionsByType, presentConditions } from "./present-conditions.ts";
import { createSubject, type Subject } from "./record.ts";
import { conditionRecord } from "./records/condition-changed.ts";
import { deletingRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import { phaseRecord } from "./records/phase-changed.ts";
import { updatedRecords } from "./records/updated.ts";
import type { LogSignal, Outcome } from "./signal.ts";

type Changed = ChangeOf<"changed">;

/** The fact of a record that nobody wants: it counts all the same. */
const STATUS_UPDATED = { eventName: "lifeline.object.status_updated" } as const;

/** Everything that one write means: its differences, then the transitions that it shows. */
export function interpretChanged(
  change: Changed,
  known: Memory | undefined,
  options: InterpretOptions,
): Outcome {
  const { after, kind, observedAtMs } = change;
  // A row whose memory was lost (a foreign or damaged one) starts from what the object looked like before.
  const memory = known?.health === undefined ? memoryBefore(change) : known;
  const subject = createSubject(readIdentity(after, kind), observedAtMs);
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
  const prepared = { change, sides, transitions };
  const tellsStatus = (options.minimumSeverity ?? "DEBUG") === "DEBUG";
  const records = tell(subject, prepared, tellsStatus);
  const facts =
    tellsStatus || sides.classified.statusUpdated.length === 0
      ? records
      : [...records, STATUS_UPDATED];
  return {
    memory: remember(memory, prepared),
    ...standing(assessment),
    signals: [...records, ...countChanges(facts, subject.identity, options.clusterName)],
  };
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

type Transitions = {
  readonly conditions: readonly ConditionTransition[];
  readonly phase: PhaseTransition | undefined;
  readonly health: HealthTransition | undefined;
};

type Prepared = {
  readonly change: Changed;
  readonly sides: Sides;
  readonly transitions: Transitions;
};

function readSides(change: Changed, memory: Memory, conditions: readonly Condition[]): Sides {
  const { before, after, observedAtMs, writtenAtMs } = change;
  const phase = { before: readPhase(before), after: readPhase(after) };
  const phaseFields = new Set(
    [phase.before?.field, phase.after?.field].filter((field) => field !== undefined),
  );
  const classified = classifyDifferences(change.differences, { ticks: memory.ticks, phaseFields });
  const clock = { observedAtMs, ...(writtenAtMs === undefined ? {} : { writtenAtMs }) };
  const present = conditionsByType(conditions);
  // History shares what a write left as it was.
  const isSameStatus = before.status === after.status;
  return {
    conditions: { before: isSameStatus ? present : presentConditions(before), after: present },
    phase,
    classified,
    specChanged: classified.updated.some(({ path }) => path[0] !== "metadata"),
    clock,
    when: whenWritten(clock),
  };
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

function tell(
  subject: Subject,
  { change, sides, transitions }: Prepared,
  tellsStatus: boolean,
): readonly LogSignal[] {
  const { before, after, kind: facts, managers } = change;
  const { updated, statusUpdated } = sides.classified;
  const told = { updated, statusUpdated: tellsStatus ? statusUpdated : [] };
  const records = [...updatedRecords(subject, told, { managers, when: sides.when })];
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
function remember(memory: Memory, { change, sides, transitions }: Prepared): Memory {
  const { after: object, kind: facts, observedAtMs } = change;
  const { specChanged } = sides;
  const generation = rememberGeneration(memory, {
    object,
    facts,
    specChanged,
    writtenAtMs: sides.when.happenedAtMs,
  });
  const health = rememberHealth(memory, transitions.health);
  const phase = rememberPhase(memory, transitions.phase);
  const conditions = rememberConditions({
    conditions: sides.conditions.after,
    transitions: transitions.conditions,
    memory,
    observedAtMs,
  });
  const { ticks } = sides.classified;
  const isSame =
    generation === memory.generation &&
    health === memory.health &&
    phase === memory.phase &&
    conditions === memory.conditions &&
    ticks === memory.ticks;
  if (isSame) return memory;
  return { version: 1, generation, health, phase, conditions, ticks };
}

function memoryBefore({ before: object, kind, observedAtMs }: Changed): Memory {
  const { health } = assessHealth(object, kind, observedAtMs);
  return startMemory({ object, health, observedAtMs, created: false });
}
