/** What a proxy does to requests that come while it lasts. */
export type Fault =
  | { readonly type: "none" }
  /** Answers itself; by gRPC the connection breaks. */
  | { readonly type: "refuse"; readonly status: number; readonly retryAfter?: string }
  /** The connection breaks, and nothing has arrived. */
  | { readonly type: "reset-before" }
  /** It arrived, and the connection breaks instead of the answer: the acknowledgement is lost. */
  | { readonly type: "reset-after" }
  /** Each request waits first. */
  | { readonly type: "slow"; readonly delayMs: number };

/** Between a program and its collector, steered by the test. */
export type FaultProxy = AsyncDisposable & {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Holds until the next one. */
  inflict(fault: Fault): void;
  /** How many requests each fault met. */
  readonly met: ReadonlyMap<Fault["type"], number>;
  /**
   * Called once, when a log request comes next: `arrived` before the collector has it, `taken` when the
   * collector has answered and the program does not know yet. Undefined takes it back.
   */
  atNext(moment: Moment, call: (() => void) | undefined): void;
};

export type Moment = "arrived" | "taken";

/** Two thirds of all lives meet one. */
export function drawFault(random: () => number): Fault {
  const dice = random() * 9;
  if (dice < 1) return { type: "refuse", status: 503 };
  if (dice < 2) return { type: "refuse", status: 429, retryAfter: "1" };
  if (dice < 3) return { type: "reset-before" };
  if (dice < 5) return { type: "reset-after" };
  if (dice < 6) return { type: "slow", delayMs: 200 };
  return { type: "none" };
}

/** Whether nothing reaches the collector. */
export function keepsOut({ type }: Fault): boolean {
  return type === "refuse" || type === "reset-before";
}
