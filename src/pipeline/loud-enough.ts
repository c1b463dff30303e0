import type { Severity } from "../lifecycle/signal.ts";

const SEVERITIES: readonly Severity[] = ["DEBUG", "INFO", "WARN", "ERROR"];

/** Whether records of that severity are sent. */
export function isLoudEnough(severity: Severity, minimum: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minimum);
}
