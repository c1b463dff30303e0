/** What is about each namespace, in the given order; `undefined` is what is in none. A third of what `Map.groupBy` takes. */
export function groupByNamespace<Signal extends { readonly namespace?: string }>(
  signals: readonly Signal[],
): ReadonlyMap<string | undefined, readonly Signal[]> {
  const groups = new Map<string | undefined, Signal[]>();
  for (const signal of signals) {
    const group = groups.get(signal.namespace);
    if (group === undefined) groups.set(signal.namespace, [signal]);
    else group.push(signal);
  }
  return groups;
}
