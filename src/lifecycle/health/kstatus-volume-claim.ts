import { asCurrent, asInProgress, textAt } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** PersistentVolumeClaim: Bound or waiting, nothing else (Lost waits, too). */
export function volumeClaimStatus({ object }: KstatusSubject): KstatusResult {
  const phase = textAt(object, ["status", "phase"], "none");
  if (phase === "Bound") return asCurrent("Bound", "Claim is bound");
  return asInProgress("NotBound", `Claim is not bound: its phase is ${phase}`);
}
