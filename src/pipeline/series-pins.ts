import type { ObjectPoints, Point } from "../lifecycle/signal.ts";
import type { Touched } from "./commit.ts";

/** What was exported of one object's series since it last changed, and which row bears its name now. */
export type Pin = {
  readonly kindId: number;
  readonly rowId: number;
  readonly exported: ObjectPoints | undefined;
};

/**
 * The objects whose series must be looked at again at the next export: an object's first change within an interval
 * pins the series that were exported, and those to end are these minus the then current ones.
 *
 * Keyed by what identifies the series (kind, namespace, name), not by UID: of a deleted and recreated object the new
 * one's points count, and no marker ever ends them.
 */
export class SeriesPins {
  #pins = new Map<string, Pin>();

  has(place: SeriesPlace): boolean {
    return this.#pins.has(keyOf(place));
  }

  touch(touched: readonly Touched[]): void {
    for (const touch of touched) {
      const key = keyOf(touch);
      const known = this.#pins.get(key);
      const isSuccessor = known !== undefined && known.rowId !== touch.id;
      // A removal that comes after its successor's arrival must not take the name from it.
      const rowId = isSuccessor && touch.healthAfter === undefined ? known.rowId : touch.id;
      const exported = isSuccessor ? union(known.exported, touch.pointsBefore) : known?.exported;
      this.#pins.set(key, {
        kindId: touch.kindId,
        rowId,
        exported: known === undefined ? touch.pointsBefore : exported,
      });
    }
  }

  /** Hands over what is pinned and begins anew. */
  take(): ReadonlyMap<string, Pin> {
    const taken = this.#pins;
    this.#pins = new Map();
    return taken;
  }

  /** Notes what goes out now of an object that was pinned again before it was looked at: it may have to be ended, too. */
  note(key: string, exported: ObjectPoints | undefined): void {
    const pin = this.#pins.get(key);
    if (pin !== undefined) this.#pins.set(key, { ...pin, exported: union(pin.exported, exported) });
  }

  /** Gives back what could not be exported: whichever series may be out there stay pinned. */
  giveBack(pins: ReadonlyMap<string, Pin>): void {
    for (const [key, older] of pins) {
      const newer = this.#pins.get(key);
      if (newer === undefined) this.#pins.set(key, older);
      else this.#pins.set(key, { ...newer, exported: union(older.exported, newer.exported) });
    }
  }
}

export type SeriesPlace = {
  readonly kindId: number;
  readonly namespace: string;
  readonly name: string;
};

function keyOf(place: SeriesPlace): string {
  return `${place.kindId}/${place.namespace}/${place.name}`;
}

/** Both lists of series; the newer identity. */
export function union(
  a: ObjectPoints | undefined,
  b: ObjectPoints | undefined,
): ObjectPoints | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { identity: b.identity, points: [...b.points, ...without(a.points, b.points)] };
}

/** The points of the first list whose series the second does not have. */
export function without(points: readonly Point[], others: readonly Point[]): readonly Point[] {
  // The points of one object at two times are mostly the same series in the same order.
  const moved = points.filter((point, index) => !isSameSeries(point, others[index]));
  const metrics = new Set(moved.map(({ metric }) => metric));
  const kept = new Set(others.filter(({ metric }) => metrics.has(metric)).map(seriesOf));
  return moved.filter((point) => !kept.has(seriesOf(point)));
}

/** Whether it is surely the same: lists among the attributes are not looked into. */
function isSameSeries(a: Point, b: Point | undefined): boolean {
  if (a.metric !== b?.metric) return false;
  if (a.attributes === b.attributes) return true;
  const names = Object.keys(a.attributes);
  return (
    names.length === Object.keys(b.attributes).length &&
    names.every((name) => a.attributes[name] === b.attributes[name])
  );
}

function seriesOf(point: Point): string {
  return `${point.metric} ${JSON.stringify(Object.entries(point.attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}
