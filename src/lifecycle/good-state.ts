import { unreachable } from "../util/unreachable.ts";
import type { Condition } from "./conditions.ts";
import { conditionPolarity } from "./health/polarity.ts";

/** Whether a condition is as it should be; of types that are neither good nor bad, whether its controller knows. */
export function isGood({ type, status }: Pick<Condition, "type" | "status">): boolean {
  const polarity = conditionPolarity(type);
  if (polarity === "neutral") return status !== "Unknown";
  return status === (polarity === "positive" ? "True" : "False");
}

/**
 * Whether a good state of that type is still to come: `status` is empty for a condition that is not there, which is good
 * only for one that is good when False. Types that are neither good nor bad have no good state.
 */
export function isAwaited(type: string, status: string): boolean {
  const polarity = conditionPolarity(type);
  switch (polarity) {
    case "positive":
      return status !== "True";
    case "negative":
      return status !== "" && status !== "False";
    case "neutral":
      return false;
    default:
      return unreachable(polarity);
  }
}

/** Whether the type is good when True, or good when False. */
export function hasGoodState(type: string): boolean {
  return conditionPolarity(type) !== "neutral";
}
