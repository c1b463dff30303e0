import { pointOf } from "../lifecycle/points.ts";
import type { Attributes, ObjectPoints, Point, Series } from "../lifecycle/signal.ts";
import { RowSet } from "../util/row-set.ts";
import type { Touched } from "./commit.ts";

/**
 * What is out there of one object's series since it last changed, and which row bears its name now. A value that may
 * or may not have arrived is NaN: nothing equals it, so that whatever the value is by then goes out.
 */
export type Pin = {
  readonly kindId: number;
  readonly rowId: number;
  readonly exported: ObjectPoints | undefined;
};

/**
 * The objects whose series must be looked at again at the next export: an object's first change within an interval
 * pins the series that were exported. Those to end are these minus the then current ones, those to send are the then
 * current ones that differ from these.
 *
 * Keyed by what identifies the series (kind, namespace, name), not by UID: of a deleted and recreated object the new
 * one's points count, and no marker ever ends them.
 */
export class SeriesPins {
  #pins = new Map<string, Pin>();
  /** The rows that pinned them: asked for at every change, and no text need be made for that. */
  #rows = new RowSet();
  /** Whether two rows bore one name: until then each of `#rows` is the row of its pin. */
  #isContested = false;
  #pinned = 0;
  /** Rows all of whose series this process has delivered: what another one did before it died is not known. */
  readonly #delivered = new RowSet();

  /** How many objects were pinned since the last time that they were taken; what was given back is not among them. */
  get pinned(): number {
    return this.#pinned;
  }

  has(place: SeriesPlace): boolean {
    return this.#pins.has(keyOf(place));
  }

  /** Whether what is out there is known already of the object that this row holds. */
  hasRow(rowId: number): boolean {
    return this.#rows.has(rowId);
  }

  touch(touched: readonly Touched[]): void {
    for (const touch of touched) {
      const isRemoval = touch.healthAfter === undefined;
      // A later change of a row leaves its pin as it is.
      if (!isRemoval && !this.#isContested && this.#rows.has(touch.id)) continue;
      const key = keyOf(touch);
      const known = this.#pins.get(key);
      if (known === undefined) this.#pinned += 1;
      else if (known.rowId !== touch.id) this.#isContested = true;
      this.#pins.set(key, {
        kindId: touch.kindId,
        // A removal that comes after its successor's arrival must not take the name from it.
        rowId: known !== undefined && isRemoval ? known.rowId : touch.id,
        exported: this.#exportedBefore(touch, known),
      });
      this.#rows.add(touch.id);
      if (isRemoval) this.#delivered.delete(touch.id);
    }
  }

  #exportedBefore(touch: Touched, known: Pin | undefined): ObjectPoints | undefined {
    const { id, pointsBefore } = touch;
    if (known === undefined) return this.#delivered.has(id) ? pointsBefore : inDoubt(pointsBefore);
    const isFirstOfItsRow = known.rowId !== id && pointsBefore !== undefined;
    if (!isFirstOfItsRow) return known.exported;
    const isDelivered = known.exported === undefined && this.#delivered.has(id);
    return isDelivered ? pointsBefore : inDoubt(union(known.exported, pointsBefore));
  }

  /** Hands over what is pinned, for the taking, and begins anew. */
  take(): Map<string, Pin> {
    const taken = this.#pins;
    this.#pins = new Map();
    this.#rows = new RowSet();
    this.#isContested = false;
    this.#pinned = 0;
    return taken;
  }

  /** Notes what goes out now of an object that was pinned again before it was looked at: that is what is out there then. */
  note(key: string, exported: ObjectPoints | undefined): void {
    const pin = this.#pins.get(key);
    if (pin !== undefined) this.#pins.set(key, { ...pin, exported });
  }

  /** Gives back what could not be exported: what was out there before still is. */
  giveBack(pins: ReadonlyMap<string, Pin>): void {
    for (const [key, older] of pins) {
      const newer = this.#pins.get(key);
      this.#rows.add(older.rowId);
      if (newer !== undefined && newer.rowId !== older.rowId) this.#isContested = true;
      this.#pins.set(key, newer === undefined ? older : { ...newer, exported: older.exported });
    }
  }

  /** All current series of that row were delivered, now or in parts. */
  delivered(rowId: number): void {
    this.#delivered.add(rowId);
  }

  /** Nobody knows any more what is out there of that row: its next change sends all of its points. */
  lost(key: string, rowId: number): void {
    this.#delivered.delete(rowId);
    this.#doubt(key);
  }

  /** The next export sends all points of a pinned object. */
  demandAll(place: SeriesPlace): void {
    this.#doubt(keyOf(place));
  }

  /** Somebody else exports: nobody knows any more what is out there. */
  loseAll(): void {
    if (this.#delivered.isEmpty) return;
    this.#delivered.clear();
    for (const key of this.#pins.keys()) this.#doubt(key);
  }

  #doubt(key: string): void {
    const pin = this.#pins.get(key);
    if (pin !== undefined) this.#pins.set(key, { ...pin, exported: inDoubt(pin.exported) });
  }
}

export type SeriesPlace = {
  readonly kindId: number;
  readonly namespace: string;
  readonly name: string;
};

/** By `join`, which makes one flat text: a template would keep its parts, twice the memory (measured), for as long as the pin is there. */
function keyOf({ kindId, namespace, name }: SeriesPlace): string {
  return [kindId, namespace, name].join("/");
}

/** The same series, of which nobody knows the values. */
export function inDoubt(exported: ObjectPoints | undefined): ObjectPoints | undefined {
  if (exported === undefined) return undefined;
  const { identity, series } = exported;
  return { identity, series, values: series.map(() => Number.NaN) };
}

/** Both lists of series; the newer identity and values. */
export function union(
  a: ObjectPoints | undefined,
  b: ObjectPoints | undefined,
): ObjectPoints | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const missing = without(a, b.series);
  return {
    identity: b.identity,
    series: [...b.series, ...missing],
    values: [...b.values, ...missing.map(({ value }) => value)],
  };
}

type Columns = Pick<ObjectPoints, "series" | "values">;

const NO_POINTS: readonly Point[] = [];
const NOTHING: Columns = { series: [], values: [] };

/** The points whose series the list does not have. */
export function without({ series, values }: Columns, others: readonly Series[]): readonly Point[] {
  const missing: Point[] = [];
  let next = 0;
  for (const [place, one] of series.entries()) {
    const index = indexOfSeries(others, one, next);
    if (index === undefined) missing.push(pointOf(one, values[place]));
    else next = index + 1;
  }
  return missing;
}

export type Difference = {
  /** Points whose series is new, or whose value is another. */
  readonly changed: readonly Point[];
  readonly ended: readonly Point[];
};

/** What became of one object's series; no series stands twice in a list. */
export function compareSeries(before: Columns = NOTHING, after: Columns = NOTHING): Difference {
  const changed: Point[] = [];
  let next = 0;
  let kept = 0;
  for (const [place, one] of after.series.entries()) {
    const index = indexOfSeries(before.series, one, next);
    const isSame =
      index !== undefined &&
      after.values[place] === before.values[index] &&
      one.unit === before.series[index]?.unit;
    if (!isSame) changed.push(pointOf(one, after.values[place]));
    if (index === undefined) continue;
    next = index + 1;
    kept += 1;
  }
  const isAllKept = kept === before.series.length;
  return { changed, ended: isAllKept ? NO_POINTS : without(before, after.series) };
}

/**
 * Where a series stands in a list: looked for from `start` to its end, then from its beginning. What one object has at two
 * times are mostly the same series in the same order, so that it is where the last one ended.
 */
function indexOfSeries(list: readonly Series[], series: Series, start: number): number | undefined {
  for (let step = 0; step < list.length; step += 1) {
    const index = (start + step) % list.length;
    if (isSameSeries(series, list[index])) return index;
  }
  return undefined;
}

function isSameSeries(a: Series, b: Series | undefined): boolean {
  return a === b || (a.metric === b?.metric && isSameAttributes(a.attributes, b.attributes));
}

function isSameAttributes(a: Attributes, b: Attributes): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => isSameValue(a[name], b[name]))
  );
}

function isSameValue(
  a: Attributes[string] | undefined,
  b: Attributes[string] | undefined,
): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
