import { asCurrent, asFailed, asInProgress } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** CustomResourceDefinition: the first deciding condition in list order. */
export function definitionStatus({ conditions }: KstatusSubject): KstatusResult {
  for (const { type, status, reason, message } of conditions) {
    if (type === "NamesAccepted" && status === "False") return asFailed(reason, message);
    if (type !== "Established") continue;
    if (status === "False" && reason !== "Installing") return asFailed(reason, message);
    if (status === "True")
      return asCurrent("Established", "CustomResourceDefinition is established");
  }
  return asInProgress("Installing", "CustomResourceDefinition is being installed");
}
