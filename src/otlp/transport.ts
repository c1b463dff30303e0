/** Sends one encoded `Export…ServiceRequest` (protobuf, uncompressed); never throws, never retries. Once it has answered, `body` is read no more. */
export type Transport = (body: Uint8Array, signal: AbortSignal) => Promise<SendResult>;

/** What became of one request (OTLP specification, "Failures" and "Partial success"). */
export type SendResult =
  /** `rejected` items were refused for good by a collector that took the rest. */
  | { readonly type: "accepted"; readonly rejected: number; readonly message: string }
  /** Nothing was taken; the same bytes may be sent again, not sooner than `afterMs` if the collector said so. */
  | { readonly type: "retryable"; readonly error: Error; readonly afterMs?: number }
  /** Larger than the collector takes: send it in halves. */
  | { readonly type: "too-large"; readonly error: Error }
  /** Permanently refused: sending the same again would be refused again. */
  | { readonly type: "refused"; readonly error: Error }
  /**
   * Refused whatever is in it: the path, the credentials or a quota is wrong. The specification forbids to repeat the
   * request; what waits for it may be sent once somebody has mended that, and only now and then is it looked whether they have.
   */
  | { readonly type: "unwelcome"; readonly error: Error }
  /** The caller's signal ended the attempt; whether it arrived is not known. */
  | { readonly type: "aborted" };

/** Which OTLP signal a request carries; picks the path and the gRPC service. */
export type SignalKind = "logs" | "metrics" | "traces";
