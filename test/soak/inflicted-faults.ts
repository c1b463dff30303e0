import type { Fault, FaultProxy, Moment } from "./fault.ts";

/** What a proxy was told to do, and whom it has to tell when. */
export class InflictedFaults implements Pick<FaultProxy, "inflict" | "atNext" | "met"> {
  readonly met = new Map<Fault["type"], number>();
  readonly #calls = new Map<Moment, (() => void) | undefined>();
  #fault: Fault = { type: "none" };

  inflict(next: Fault): void {
    this.#fault = next;
  }

  atNext(moment: Moment, call: (() => void) | undefined): void {
    this.#calls.set(moment, call);
  }

  /** Of a request that has begun. */
  meet(): Fault {
    const { type } = this.#fault;
    this.met.set(type, (this.met.get(type) ?? 0) + 1);
    return this.#fault;
  }

  /** A log request has come so far. */
  reach(moment: Moment): void {
    const call = this.#calls.get(moment);
    this.#calls.delete(moment);
    call?.();
  }
}
