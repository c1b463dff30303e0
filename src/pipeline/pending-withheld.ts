import type { ObjectKey, WithheldMove, WithheldMoves, WithheldRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";

type Pending = ObjectKey & { readonly move: WithheldMove | undefined };

/** What the next transaction will make true of the objects whose last changes wait for room in the outbox. */
export class PendingWithheld {
  readonly #store: Store;
  /** No move: it waits no more. */
  readonly #pending = new Map<string, Pending>();
  #changes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** How many changes found no room since the last transaction. */
  get changes(): number {
    return this.#changes;
  }

  find(key: ObjectKey): WithheldRow | undefined {
    // Mostly nothing waits; then nothing is asked.
    const known = this.#pending.size === 0 ? undefined : this.#pending.get(keyOf(key));
    if (known !== undefined) return known.move;
    return this.#store.withheldCount === 0 ? undefined : this.#store.withheld(key);
  }

  /** What was last told of it, in the form that it was given. */
  reported(key: ObjectKey): string | undefined {
    return this.#pending.get(keyOf(key))?.move?.reported ?? this.#store.reported(key);
  }

  put(move: WithheldMove): void {
    this.#changes += move.changes - (this.find(move)?.changes ?? 0);
    const { kindId, uid } = move;
    const reported = move.reported ?? this.#pending.get(keyOf(move))?.move?.reported;
    this.#pending.set(keyOf(move), { kindId, uid, move: { ...move, reported } });
  }

  end({ kindId, uid }: ObjectKey, how: "told" | "vanished"): void {
    if (how === "vanished") this.#changes += 1;
    this.#pending.set(keyOf({ kindId, uid }), { kindId, uid, move: undefined });
  }

  moves(): WithheldMoves {
    const all = [...this.#pending.values()];
    return {
      moves: all.flatMap(({ move }) => move ?? []),
      ends: all.filter(({ move }) => move === undefined),
    };
  }

  clear(): void {
    this.#pending.clear();
    this.#changes = 0;
  }
}

function keyOf({ kindId, uid }: ObjectKey): string {
  return `${kindId}/${uid}`;
}
