import type { Gadget } from "./gadget.ts";

/** One event of a plain watch, as the API server told it; a `DELETED` one shows the object's last state. */
export type Sighting = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The object's resourceVersion in this event: where it stands in the order of all. */
  readonly version: number;
  readonly gadget: Gadget;
};
