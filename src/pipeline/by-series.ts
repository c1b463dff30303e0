import type { Attributes, AttributeValue } from "../lifecycle/signal.ts";

type Place<Value> = {
  value: Value | undefined;
  readonly next: Map<AttributeValue | undefined, Place<Value>>;
};

/** Some hundred bytes each: all series of most clusters, and no more than a megabyte of any. */
const SERIES_MAX = 1_000;

/**
 * One value per series, found from attribute to attribute: measured, a tenth of what a key costs that is spelled out of
 * them. Attributes in another order are another series. Where there come to be too many all are forgotten: what was
 * handed out is its holder's then, and the series has another.
 */
export class BySeries<Value> {
  readonly #create: (metric: string, attributes: Attributes) => Value;
  #root: Place<Value> = createPlace();
  #size = 0;

  constructor(create: (metric: string, attributes: Attributes) => Value) {
    this.#create = create;
  }

  /** The value of that series, created where there is none. */
  at(metric: string, attributes: Attributes): Value {
    const place = this.#placeOf(metric, attributes);
    if (place.value !== undefined) return place.value;
    place.value = this.#create(metric, attributes);
    this.#size += 1;
    if (this.#size === SERIES_MAX) this.#forget();
    return place.value;
  }

  #placeOf(metric: string, attributes: Attributes): Place<Value> {
    let place = step(this.#root, metric);
    for (const name in attributes) place = step(step(place, name), attributes[name]);
    return place;
  }

  #forget(): void {
    this.#root = createPlace();
    this.#size = 0;
  }
}

function createPlace<Value>(): Place<Value> {
  return { value: undefined, next: new Map() };
}

function step<Value>(place: Place<Value>, key: AttributeValue | undefined): Place<Value> {
  const known = place.next.get(key);
  if (known !== undefined) return known;
  const next = createPlace<Value>();
  place.next.set(key, next);
  return next;
}
