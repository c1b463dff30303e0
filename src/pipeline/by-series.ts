import type { Attributes, AttributeValue } from "../lifecycle/signal.ts";

type Place<Value> = {
  value: Value | undefined;
  readonly next: Map<AttributeValue | undefined, Place<Value>>;
};

/**
 * One value per series, found from attribute to attribute: measured, a tenth of what a key costs that is spelled out of
 * them. Attributes in another order are another series.
 */
export class BySeries<Value> {
  readonly #create: (metric: string, attributes: Attributes) => Value;
  #root: Place<Value> = createPlace();
  #values: Value[] = [];

  constructor(create: (metric: string, attributes: Attributes) => Value) {
    this.#create = create;
  }

  /** In the order in which they were created. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** The value of that series, created where there is none. */
  at(metric: string, attributes: Attributes): Value {
    let place = step(this.#root, metric);
    for (const name in attributes) place = step(step(place, name), attributes[name]);
    if (place.value === undefined) {
      place.value = this.#create(metric, attributes);
      this.#values.push(place.value);
    }
    return place.value;
  }

  clear(): void {
    this.#root = createPlace();
    this.#values = [];
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
