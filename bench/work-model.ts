/** What an update did to an object, as far as work on it is concerned. */
export type WorkFacts = {
  readonly kind: string;
  /** Whether its spec was written; else its status was. */
  readonly isNewSpec: boolean;
  /** Before and after the update. */
  readonly ready: Sides<boolean>;
  readonly phase: Sides<string>;
  /** Afterwards: it is as it should be. */
  readonly isCurrent: boolean;
};

type Sides<Value> = { readonly before: Value; readonly after: Value };

/** Work that goes on; `stages`: names of its spans but for the root's. */
type OpenWork = {
  readonly role: "converge" | "disruption";
  readonly stages: string[];
  hasPassedPhase: boolean;
};

/**
 * The spans that updates of objects mean (docs/contract.md §6), as a model of its own: a written spec begins a converge
 * and ends what goes on as superseded; Ready lost without that begins a disruption; being current ends either. Of the
 * objects' conditions only Ready is one that is good when True, so that no other has spans.
 */
export class WorkModel<Key> {
  readonly #open = new Map<Key, OpenWork>();
  readonly #spans = new Map<string, number>();

  /** By `spanLabel()`, of the work that is over. */
  get spans(): ReadonlyMap<string, number> {
    return this.#spans;
  }

  /** An object that was not seen before is current, and nothing goes on. */
  update(key: Key, facts: WorkFacts): void {
    const { kind, isNewSpec, ready, phase, isCurrent } = facts;
    if (isNewSpec) {
      this.#end(key, facts, "superseded");
      const stages = ready.before ? ["observe"] : ["observe", "condition Ready"];
      this.#open.set(key, { role: "converge", stages, hasPassedPhase: false });
      return;
    }
    if (ready.before && !ready.after) this.#loseReady(key);
    const work = this.#open.get(key);
    if (work !== undefined && phase.before !== phase.after) {
      work.stages.push(`phase ${phase.before}`);
      work.hasPassedPhase = true;
    }
    if (isCurrent) this.#end(key, { kind, phase }, "current");
  }

  #loseReady(key: Key): void {
    const work = this.#open.get(key);
    if (work === undefined)
      this.#open.set(key, {
        role: "disruption",
        stages: ["condition Ready"],
        hasPassedPhase: false,
      });
    else work.stages.push("condition Ready");
  }

  #end(key: Key, { kind, phase }: Pick<WorkFacts, "kind" | "phase">, outcome: string): void {
    const work = this.#open.get(key);
    if (work === undefined) return;
    this.#open.delete(key);
    this.#count(spanLabel(`${kind} ${work.role}`, outcome));
    for (const stage of work.stages) this.#count(stage);
    // A phase that began in the moment of the end is none that was passed.
    if (work.hasPassedPhase && phase.before === phase.after) this.#count(`phase ${phase.after}`);
  }

  #count(label: string): void {
    this.#spans.set(label, (this.#spans.get(label) ?? 0) + 1);
  }
}

/** What spans are counted by: their name and, of roots, how the work ended. */
export function spanLabel(name: string, outcome: unknown): string {
  return typeof outcome === "string" ? `${name}: ${outcome}` : name;
}
