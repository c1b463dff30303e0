import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { type ConditionTransition, conditionSinceMs } from "./condition-transitions.ts";
import type { Condition } from "./conditions.ts";
import { parseClusterTimeMs } from "./event-time.ts";
import {
  conditionOf,
  CONDITIONS_MAX,
  type ConditionMemory,
  EMPTY_MEMORY,
  type Memory,
} from "./memory.ts";
import { readPhase } from "./phase.ts";
import { presentConditions } from "./present-conditions.ts";
import { type Health, isHealthy } from "./health-words.ts";

/** An object seen so soon after its creation has, since its creation, been as it is. */
const NEWBORN_MAX_MS = 60_000;

export type FirstSight = {
  readonly object: KubeObject;
  readonly health: Health;
  readonly observedAtMs: number;
  /** Whether we were there when it was created, more or less. */
  readonly created: boolean;
};

/** What is remembered of an object at its first sight: its own recorded times, and nothing that nobody knows. */
export function startMemory({ object, health, observedAtMs, created }: FirstSight): Memory {
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  const newborn =
    created && createdAtMs !== undefined && observedAtMs - createdAtMs <= NEWBORN_MAX_MS;
  const sinceMs = newborn ? Math.min(createdAtMs, observedAtMs) : undefined;
  const phase = readPhase(object);
  const generation = generationOf(object);
  const knownSinceMs = sinceMs ?? observedAtMs;
  return {
    version: 1,
    // The first generation is as old as the object; of a later one, first sight is all that is known.
    generation:
      generation === undefined
        ? undefined
        : {
            value: generation,
            sinceMs: (generation === 1 ? createdAtMs : undefined) ?? observedAtMs,
          },
    health: { value: health, sinceMs },
    phase: phase && { value: phase.value, sinceMs },
    conditions: rememberConditions({
      conditions: presentConditions(object),
      transitions: [],
      memory: EMPTY_MEMORY,
      observedAtMs,
    }),
    ticks: EMPTY_MEMORY.ticks,
    // How long it has been so before its first sight nobody knows.
    unwell: isHealthy(health) ? undefined : { sinceMs: knownSinceMs, isTold: false },
  };
}

export type ConditionFold = {
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly transitions: readonly ConditionTransition[];
  readonly memory: Memory;
  readonly observedAtMs: number;
};

/**
 * Since when each present condition holds: a transition's time, else what was remembered, else its own word. What was
 * remembered itself where nothing moved.
 */
export function rememberConditions({
  conditions,
  transitions,
  memory,
  observedAtMs,
}: ConditionFold): Memory["conditions"] {
  if (transitions.length === 0 && areRemembered(conditions, memory)) return memory.conditions;
  const moved = new Map(transitions.map((transition) => [transition.type, transition]));
  const next: ConditionMemory[] = [];
  for (const condition of conditions.values()) {
    const { type, status } = condition;
    if (next.length >= CONDITIONS_MAX) break;
    const transition = moved.get(type);
    const remembered = conditionOf(memory, type);
    if (transition !== undefined && transition.before?.status !== status) {
      next.push({ type, status, sinceMs: transition.when.happenedAtMs });
    } else if (remembered?.status === status) {
      next.push(remembered);
    } else {
      next.push({ type, status, sinceMs: conditionSinceMs(condition, observedAtMs) });
    }
  }
  return next;
}

/** Whether these conditions, and no others, are remembered in this order with the status that they have. */
function areRemembered(conditions: ReadonlyMap<string, Condition>, memory: Memory): boolean {
  if (memory.conditions.length !== conditions.size) return false;
  let at = 0;
  for (const { type, status } of conditions.values()) {
    const known = memory.conditions[at];
    if (known?.type !== type || known.status !== status) return false;
    at += 1;
  }
  return true;
}

export type GenerationFold = {
  readonly object: KubeObject;
  readonly facts: KindFacts;
  readonly specChanged: boolean;
  readonly writtenAtMs: number;
};

/** The generation that is being worked on. Where every write bumps it, only a write that changed the spec begins one. */
export function rememberGeneration(memory: Memory, fold: GenerationFold): Memory["generation"] {
  const value = generationOf(fold.object);
  if (value === undefined) return undefined;
  const known = memory.generation;
  const begins = fold.facts.hasStatusSubresource ? known?.value !== value : fold.specChanged;
  return known === undefined || begins ? { value, sinceMs: fold.writtenAtMs } : known;
}

function generationOf(object: KubeObject): number | undefined {
  const generation = fieldAt(object.metadata, "generation");
  return typeof generation === "number" && Number.isSafeInteger(generation)
    ? generation
    : undefined;
}
