import type { IncomingHttpHeaders } from "node:http";
import type { ParsedJson } from "../util/parse-json.ts";
import type { KubeStatus } from "./parse-status.ts";

/** Requests to one API server; never throws. Paths are without the server's prefix, such as `/api/v1/pods`. */
export interface ApiClient {
  /** GET of a JSON document. */
  get(path: string, options: RequestOptions): Promise<ApiResult>;
  /** POST of a JSON document; used for access reviews alone, which write nothing. */
  post(path: string, body: unknown, options: RequestOptions): Promise<ApiResult>;
  /** GET whose answer goes on: a watch. Whoever leaves `body` early closes the request. */
  openStream(path: string, options: RequestOptions): Promise<StreamResult>;
  /** Ends every request and closes every socket. */
  close(): Promise<void>;
}

export type RequestOptions = {
  /** Entries that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly accept?: string;
  /** Reads the document, instead of `parseJson`. A client that gets its answers in another way than as text has no use for it. */
  readonly parse?: (text: string) => ParsedJson;
  /** The ETag of what is known already: if it still holds, the answer is a `status` of 304 (RFC 9110, section 13.1.2). */
  readonly ifNoneMatch?: string;
  readonly signal: AbortSignal;
};

export type ApiResult =
  | {
      readonly type: "ok";
      readonly body: unknown;
      readonly headers: IncomingHttpHeaders;
      /** Of the body, decompressed. */
      readonly sizeBytes: number;
    }
  | ApiFailure;

export type StreamResult =
  | { readonly type: "open"; readonly body: AsyncIterable<Uint8Array> }
  | ApiFailure;

/** `status`: the server answered, but not with 2xx. `failed`: no answer, or none that can be read; aborted, too. */
export type ApiFailure =
  | {
      readonly type: "status";
      readonly status: number;
      readonly answer: KubeStatus;
      /** The larger of header and body: not sooner than this. */
      readonly retryAfterMs?: number;
      readonly error: Error;
    }
  | { readonly type: "failed"; readonly error: Error };
