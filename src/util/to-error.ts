/** The one way from a caught `unknown` to an `Error`; what is one already stays itself. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(
    typeof thrown === "string" ? thrown : `Thrown value: ${JSON.stringify(thrown)}`,
    { cause: thrown },
  );
}
