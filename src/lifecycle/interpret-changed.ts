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
import { type Collapsed, type Flood, passTime } from "./flood-guard.ts";
import { type ChangeOf, type InterpretOptions, standing } from "./fold.ts";
import { assessByConditions, assessHealth } from "./health/assess-health.ts";
import {
  findHealthTransition,
  type HealthTransition,
  rememberHealth,
} from "./health-transition.ts";
import type { Health } from "./health-words.ts";
import { readIdentity } from "./identity.ts";
import { isSameMemory, type Memory } from "./memory.ts";
import { rememberConditions, rememberGeneration, startMemory } from "./next-memory.ts";
import { type Phase, readPhase } from "./phase.ts";
import { findPhaseTransition, type PhaseTransition, rememberPhase } from "./phase-transition.ts";
import { conditionsByType, presentConditions } from "./present-conditions.ts";
import { createSubject, type Subject } from "./record.ts";
import { collapsedRecords } from "./records/collapsed.ts";
import { conditionRecord } from "./records/condition-changed.ts";
import { deletingRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import { phaseRecord } from "./records/phase-changed.ts";
import type { LogSignal, Outcome } from "./signal.ts";
import { rememberUnwell, tellStuck } from "./stuck.ts";
import { tellUpdates } from "./tell-updates.ts";

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
  const passed = passTime(memory.flood, observedAtMs);
  const updates = tellUpdates(subject, {
    classified: sides.classified,
    write: { managers: change.managers, when: sides.when },
    flood: passed.flood,
    minimumSeverity: options.minimumSeverity ?? "DEBUG",
  });
  const prepared = { change, sides, transitions, health: assessment.health, flood: updates.flood };
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
      ...tellCollapsed(change, passed.collapsed),
      ...updates.records,
      ...others,
      ...countChanges(facts, subject.identity, options.clusterName),
    ],
  };
}

/** Their time was over before this write came: they are about the object as it was until then. */
function tellCollapsed(
  { before, kind, observedAtMs }: Changed,
  collapsed: Collapsed | undefined,
): readonly LogSignal[] {
  if (collapsed === undefined) return [];
  return collapsedRecords(createSubject(readIdentity(before, kind), observedAtMs), collapsed);
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
  readonly health: Health;
  readonly flood: Flood | undefined;
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
  const { change, sides, transitions, flood } = prepared;
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
  const unwell = rememberUnwell(memory, {
    health: prepared.health,
    transition: transitions.health,
    generation,
    observedAtMs,
  });
  const { ticks } = sides.classified;
  const next: Memory = { version: 1, generation, health, phase, conditions, ticks, unwell, flood };
  return isSameMemory(memory, next) ? memory : next;
}

function memoryBefore({ before: object, kind, observedAtMs }: Changed): Memory {
  const { health } = assessHealth(object, kind, observedAtMs);
  return startMemory({ object, health, observedAtMs, created: false });
}
