import type { DiagLogger } from "@opentelemetry/api";
import type { Clock } from "../../util/clock.ts";
import { isMap } from "../../util/json.ts";
import type { OwnLog } from "../own-log.ts";
import { describeError } from "./describe-error.ts";
import { RepetitionGuard } from "./repetition-guard.ts";

/**
 * Where the OpenTelemetry libraries complain, which they do once per failed export: said once, then counted.
 *
 * Give it an own log that does not hand on to these same libraries.
 */
export function createDiagnostics(ownLog: OwnLog, clock: Pick<Clock, "now">): DiagLogger {
  const guard = new RepetitionGuard();
  const complain = (...complaint: readonly unknown[]): void => {
    const decision = guard.decide(
      { type: "limited", subject: "diagnostics", state: "failing" },
      clock.now(),
    );
    if (decision.type === "hold") return;
    const text = complaint.map(textOf).join(" ");
    const repeats = decision.repeats === 0 ? undefined : decision.repeats;
    ownLog.log("warn", `Cannot send the process's own metrics and logs: ${text}`, { repeats });
  };
  return { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore };
}

function ignore(): void {
  // Chatter of the libraries.
}

/** The SDK's error handler gives errors as JSON of all their properties, stack included: the message is enough. */
function textOf(part: unknown): string {
  if (part instanceof Error) return describeError(part);
  if (typeof part !== "string") return "";
  if (!part.startsWith("{")) return part;
  try {
    const parsed: unknown = JSON.parse(part);
    return isMap(parsed) && typeof parsed["message"] === "string" ? parsed["message"] : part;
  } catch {
    return part;
  }
}
