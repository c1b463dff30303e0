import type { SignalKind } from "../../otlp/transport.ts";

/** How the receiver takes a request, on HTTP and gRPC alike. */
export type ReceiverAnswer =
  | { readonly type: "accept" }
  /** Takes the request but says that so many items were refused for good. */
  | { readonly type: "partial"; readonly rejected: number; readonly message: string }
  /** HTTP status 400, 401, 413, 429, 500, 502, 503 …; gRPC answers with the code that OTLP pairs with it. */
  | { readonly type: "refuse"; readonly code: number; readonly retryAfterSeconds?: number }
  /** Accepts, but only after so long by the injected clock. */
  | { readonly type: "slow"; readonly delayMs: number }
  /** Takes all in and resets the connection: the sender can't know whether it arrived. It did not. */
  | { readonly type: "reset" };

const ACCEPT: ReceiverAnswer = { type: "accept" };

type AnswerRule = {
  readonly answer: ReceiverAnswer;
  readonly signal: SignalKind | undefined;
  left: number;
};

/** What the test has said about the answers to come; default: accept. */
export class AnswerSwitches {
  #rules: readonly AnswerRule[] = [];

  /** Answers the next `times` requests (of one signal) so; returns how to take that back. Earlier rules come first. */
  add(answer: ReceiverAnswer, times: number = Infinity, signal?: SignalKind): () => void {
    const rule: AnswerRule = { answer, signal, left: times };
    this.#rules = [...this.#rules, rule];
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule);
    };
  }

  /** The answer to this request, which counts. */
  next(signal: SignalKind): ReceiverAnswer {
    const rule = this.#rules.find(
      (candidate) => candidate.left > 0 && (candidate.signal ?? signal) === signal,
    );
    if (rule === undefined) return ACCEPT;
    rule.left -= 1;
    return rule.answer;
  }
}
