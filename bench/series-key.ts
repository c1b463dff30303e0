/** What all series of one object have in common (docs/contract.md §5). */
type Place = {
  readonly kind: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
};

/** Identifies the object that a series is about. */
export function placeKey({ kind, group, namespace, name }: Place): string {
  return `${kind}.${group} ${namespace}/${name}`;
}

/** Identifies a series among those of one object: its metric, and its attributes besides those that name the object. */
export function seriesKey(metric: string, attributes: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(attributes)
    .map(([name, value]) => `${name}=${String(value)}`)
    .toSorted();
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(",")}}`;
}
