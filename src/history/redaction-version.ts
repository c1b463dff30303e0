/**
 * Which redaction this is. Raise it with every change after which some object may be redacted in another way: the next
 * start then puts all that is remembered through the new rules before it watches anything, so that a new rule makes no
 * records, and what it covers does not stay in the state file.
 */
export const REDACTION_VERSION = 1;
