/** One entry per variant of a union: a new variant does not compile until it has its entry. */
export type VariantTable<Union extends { readonly type: string }, Result> = {
  readonly [Type in Union["type"]]: (variant: Extract<Union, { readonly type: Type }>) => Result;
};

/** Hands a value to the entry of its variant. */
export function dispatch<Union extends { readonly type: string }, Result>(
  table: VariantTable<Union, Result>,
  variant: Union,
): Result {
  const type: Union["type"] = variant.type;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entry under a variant's type takes that variant; TypeScript can't relate the two
  const handle = table[type] as (variant: Union) => Result;
  return handle(variant);
}
