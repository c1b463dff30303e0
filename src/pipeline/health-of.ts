import { type Health, isHealth } from "../lifecycle/health-words.ts";

/** The health that a row remembers; what another program may have written there is no health that we know. */
export function healthOf(row: { readonly health: string }): Health {
  return isHealth(row.health) ? row.health : "unknown";
}
