/** Does not compile while a case of a closed union is unhandled; throws if foreign data got this far unparsed. */
export function unreachable(value: never): never {
  throw new Error(`Cannot handle value ${JSON.stringify(value)}: no case covers it`);
}
