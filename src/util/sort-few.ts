/** Up to so many are put in order by insertion. */
const FEW = 32;

/** Sorts in place, stably. `Array.sort` copies a list twice before it looks at it, which for a few is most of what it takes. */
export function sortFew<Item>(items: Item[], compare: (a: Item, b: Item) => number): void {
  if (items.length > FEW) {
    items.sort(compare);
    return;
  }
  for (const [index, item] of items.entries()) {
    let place = index;
    for (let before = items[place - 1]; before !== undefined; before = items[place - 1]) {
      if (compare(before, item) <= 0) break;
      items[place] = before;
      place -= 1;
    }
    items[place] = item;
  }
}
