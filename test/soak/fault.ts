/** What a proxy does to requests that come while it lasts. */
export type Fault =
  | { readonly type: "none" }
  /** Answers itself; by gRPC, which it does not speak, it resets. */
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
  /** How many requests (connections, by gRPC) each fault met. */
  readonly met: ReadonlyMap<Fault["type"], number>;
  /**
   * Called once, when a log request (any data, by gRPC) comes next: `arrived` before the collector has it, `taken` when the
   * collector has answered and the program does not know yet. Undefined takes it back.
   */
  atNext(moment: Moment, call: (() => void) | undefined): void;
};

export type Moment = "arrived" | "taken";
