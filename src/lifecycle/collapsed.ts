import type { LogSignal } from "./signal.ts";

/** The record as one that stands for so many changes, with the other records of the same net Change. */
export function collapsed(record: LogSignal, changes: number): LogSignal {
  return { ...record, attributes: { ...record.attributes, "lifeline.collapsed": changes } };
}
