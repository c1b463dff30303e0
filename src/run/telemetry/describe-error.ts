/** How deep causes are followed; deeper ones never helped anybody. */
const DEPTH_MAX = 5;

/** An error in one line: its message and those of its causes that it does not repeat itself. */
export function describeError(error: Error): string {
  const messages: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < DEPTH_MAX && current instanceof Error; depth++) {
    const message = messageOf(current);
    if (message !== "" && !messages.some((said) => said.includes(message))) messages.push(message);
    current = current.cause;
  }
  return messages.length === 0 ? error.name : messages.join(": ");
}

/** Node gives an AggregateError without a message when a host has several addresses and none answers. */
function messageOf(error: Error): string {
  if (error.message !== "") return error.message;
  const inner =
    error instanceof AggregateError ? error.errors.filter((one) => one instanceof Error) : [];
  return inner.map((one) => one.message).join(", ");
}
