import { type Clock, systemClock } from "../../util/clock.ts";
import { toError } from "../../util/to-error.ts";
import { AnswerSwitches, type ReceiverAnswer } from "./answers.ts";
import { type IncomingExport, startGrpcEndpoint } from "./grpc-endpoint.ts";
import { startHttpEndpoint } from "./http-endpoint.ts";
import {
  readExportRequest,
  type ReceivedItems,
  type ReceivedPoint,
  type ReceivedRecord,
  type ReceivedSpan,
} from "./received.ts";

export type OtlpReceiverOptions = {
  readonly clock?: Clock;
  /** Called with each request that is accepted, before the sender hears of it. */
  readonly onExport?: (items: ReceivedItems) => void;
};

/** One request, whatever became of it. */
type ReceivedRequest = IncomingExport & { readonly answer: ReceiverAnswer };

/**
 * An OTLP receiver over real sockets (HTTP with protobuf, and gRPC) that decodes everything with a reader of its own and
 * keeps it: what it can't read is answered with 400 and kept as an error.
 */
export interface OtlpReceiver extends AsyncDisposable {
  /** The base URL for `OTEL_EXPORTER_OTLP_ENDPOINT` with `http/protobuf`. */
  readonly httpUrl: string;
  /** The same for `grpc`. */
  readonly grpcUrl: string;
  readonly answers: AnswerSwitches;
  /** What came in accepted requests, in the order of arrival. */
  records(): readonly ReceivedRecord[];
  points(): readonly ReceivedPoint[];
  spans(): readonly ReceivedSpan[];
  requests(): readonly ReceivedRequest[];
  /** Requests that could not be decoded: bugs of the sender. */
  errors(): readonly Error[];
  /** Resolves when the condition holds; looked at after each request. */
  until(condition: () => boolean): Promise<void>;
}

/** Listens on two free ports of 127.0.0.1 until it is disposed. */
export async function startOtlpReceiver(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
  const inbox = new Inbox(options);
  const take = (request: IncomingExport): Promise<ReceiverAnswer> => inbox.take(request);
  const http = await startHttpEndpoint(take);
  const grpc = await startGrpcEndpoint(take);
  return {
    httpUrl: http.url,
    grpcUrl: grpc.url,
    answers: inbox.answers,
    records: () => inbox.records,
    points: () => inbox.points,
    spans: () => inbox.spans,
    requests: () => inbox.requests,
    errors: () => inbox.errors,
    until: (condition) => inbox.until(condition),
    async [Symbol.asyncDispose]() {
      grpc.stop();
      await http.stop();
    },
  };
}

class Inbox {
  readonly answers: AnswerSwitches = new AnswerSwitches();
  readonly records: ReceivedRecord[] = [];
  readonly points: ReceivedPoint[] = [];
  readonly spans: ReceivedSpan[] = [];
  readonly requests: ReceivedRequest[] = [];
  readonly errors: Error[] = [];
  readonly #clock: Clock;
  readonly #onExport: (items: ReceivedItems) => void;
  readonly #waiters = new Set<() => void>();

  constructor({ clock = systemClock, onExport = () => {} }: OtlpReceiverOptions) {
    this.#clock = clock;
    this.#onExport = onExport;
  }

  async take(request: IncomingExport): Promise<ReceiverAnswer> {
    const answer = await this.#judge(request);
    this.requests.push({ ...request, answer });
    for (const look of this.#waiters) look();
    return answer;
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  async #judge({ signal, body }: IncomingExport): Promise<ReceiverAnswer> {
    let items: ReceivedItems;
    try {
      items = readExportRequest(signal, body);
    } catch (error) {
      this.errors.push(
        new Error(`Cannot decode ${signal} request of ${body.length} bytes`, {
          cause: toError(error),
        }),
      );
      return { type: "refuse", code: 400 };
    }
    const answer = this.answers.next(signal);
    if (answer.type === "slow") await this.#clock.sleep(answer.delayMs);
    if (answer.type !== "refuse" && answer.type !== "reset") this.#keep(items);
    return answer;
  }

  #keep(items: ReceivedItems): void {
    // One by one: a spread of a large request would overflow the stack.
    for (const record of items.records) this.records.push(record);
    for (const point of items.points) this.points.push(point);
    for (const span of items.spans) this.spans.push(span);
    this.#onExport(items);
  }
}
