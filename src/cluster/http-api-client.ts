import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Clock } from "../util/clock.ts";
import { parseJson } from "../util/parse-json.ts";
import { parseRetryAfter } from "../util/parse-retry-after.ts";
import { toError } from "../util/to-error.ts";
import { VERSION } from "../util/version.ts";
import type {
  ApiClient,
  ApiFailure,
  ApiResult,
  RequestOptions,
  StreamResult,
} from "./api-client.ts";
import { formatProxy } from "./choose-proxy.ts";
import { createConnections, type Connections } from "./connections.ts";
import type { Authorization, Credentials, TlsOptions } from "./credentials.ts";
import { describeNetworkError } from "./network-error.ts";
import { parseStatusText } from "./parse-status.ts";
import { readAll, readSmall, streamBody } from "./read-body.ts";
import type { Report } from "./report.ts";
import { RequestBudget, REQUESTS_PER_SECOND } from "./request-budget.ts";

export type HttpApiClientOptions = {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly report: Report;
  /** How long an answer's headers, and each piece of a document, may take; default 30 s. */
  readonly answerTimeoutMs?: number;
};

/** Longer than any list page takes on a loaded API server, shorter than anybody's patience. */
const ANSWER_TIMEOUT_MS = 30_000;

/** A little longer than a run of an exec plugin may take, whose own error says more. */
const CREDENTIALS_TIMEOUT_MS = 35_000;

/** An API client over HTTP/1.1: each watch has a socket to itself, everything else shares a few, at most 20 times a second. */
export function createHttpApiClient(options: HttpApiClientOptions): ApiClient {
  return new HttpApiClient(options);
}

type Attempt = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly isStream: boolean;
  readonly body?: string;
  readonly options: RequestOptions;
};

type Answer =
  | { readonly type: "answer"; readonly response: Dispatcher.ResponseData }
  | Extract<ApiFailure, { type: "failed" }>;

class HttpApiClient implements ApiClient {
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #report: Report;
  readonly #answerTimeoutMs: number;
  readonly #budget: RequestBudget;
  #connections: Connections | undefined;

  constructor(options: HttpApiClientOptions) {
    this.#credentials = options.credentials;
    this.#clock = options.clock;
    this.#budget = new RequestBudget(options.clock, REQUESTS_PER_SECOND);
    this.#report = options.report;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  async get(path: string, options: RequestOptions): Promise<ApiResult> {
    const attempt: Attempt = { method: "GET", path, isStream: false, options };
    return this.#read(attempt, await this.#send(attempt));
  }

  async post(path: string, body: unknown, options: RequestOptions): Promise<ApiResult> {
    const text = JSON.stringify(body);
    const attempt: Attempt = { method: "POST", path, isStream: false, body: text, options };
    return this.#read(attempt, await this.#send(attempt));
  }

  async openStream(path: string, options: RequestOptions): Promise<StreamResult> {
    const attempt: Attempt = { method: "GET", path, isStream: true, options };
    const answer = await this.#send(attempt);
    if (answer.type === "failed") return answer;
    const { response } = answer;
    if (response.statusCode !== 200) return this.#refused(attempt, response);
    if (!isJson(response.headers)) return this.#notJson(attempt, response);
    const body = streamBody(response);
    if (body !== undefined) return { type: "open", body };
    response.body.destroy();
    return this.#failed(
      attempt,
      `the answer is in an encoding that was not asked for (content-encoding: ${String(response.headers["content-encoding"])})`,
    );
  }

  async close(): Promise<void> {
    this.#credentials.close?.();
    await this.#connections?.destroy();
  }

  async #read(attempt: Attempt, answer: Answer): Promise<ApiResult> {
    if (answer.type === "failed") return answer;
    const { response } = answer;
    if (response.statusCode < 200 || response.statusCode > 299) {
      return this.#refused(attempt, response);
    }
    if (!isJson(response.headers)) return this.#notJson(attempt, response);
    try {
      const bytes = await readAll(response);
      const { parse = parseJson } = attempt.options;
      const parsed = parse(bytes.toString("utf8"));
      if (parsed.type === "not-json") return this.#failed(attempt, `the answer ${parsed.problem}`);
      const { headers } = response;
      return { type: "ok", body: parsed.value, headers, sizeBytes: bytes.byteLength };
    } catch (error) {
      return this.#failed(attempt, describeNetworkError(error), error);
    }
  }

  /** Sends; after a 401, once more with fresh credentials. */
  async #send(attempt: Attempt): Promise<Answer> {
    const { signal } = attempt.options;
    await this.#mayAsk(attempt);
    const authorization = await this.#unlessAborted(this.#credentials.authorize(), signal);
    const first = await this.#sendAs(attempt, authorization);
    if (first.type === "failed" || first.response.statusCode !== 401) return first;
    const fresh = await this.#unlessAborted(this.#credentials.refresh(authorization), signal);
    if (fresh.type === "failed") {
      this.#reportFailed(fresh.error, signal);
      return first;
    }
    await this.#readSmall(first.response);
    await this.#mayAsk(attempt);
    const second = await this.#sendAs(attempt, fresh);
    if (second.type === "answer" && second.response.statusCode !== 401) {
      this.#report({ type: "credentials-refreshed", source: this.#credentials.source });
    }
    return second;
  }

  /** Watches are not counted: each has one at a time and pauses of its own, and waiting may cost it its position. */
  async #mayAsk({ isStream, options }: Attempt): Promise<void> {
    if (!isStream) await this.#budget.wait(options.signal);
  }

  /** An exec plugin takes its time, and nobody who stops waits for it. */
  async #unlessAborted(
    running: Promise<Authorization>,
    signal: AbortSignal,
  ): Promise<Authorization> {
    const { source } = this.#credentials;
    const done = new AbortController();
    const stop = (): void => done.abort();
    // Not AbortSignal.any: the signal lives as long as the watch, and requests are many.
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const without = this.#clock
      .sleep(CREDENTIALS_TIMEOUT_MS, done.signal)
      .then((): Authorization => {
        const late = `nothing came within ${CREDENTIALS_TIMEOUT_MS / 1000} s`;
        const problem = signal.aborted ? "aborted" : late;
        const error = new Error(`Cannot get credentials from ${source}: ${problem}`);
        return { type: "failed", error };
      });
    try {
      return await Promise.race([running, without]);
    } finally {
      signal.removeEventListener("abort", stop);
      done.abort();
    }
  }

  #reportFailed(error: Error, signal: AbortSignal): void {
    const { source } = this.#credentials;
    if (!signal.aborted) this.#report({ type: "credentials-failed", source, error });
  }

  async #sendAs(attempt: Attempt, authorization: Authorization): Promise<Answer> {
    if (authorization.type === "failed") {
      this.#reportFailed(authorization.error, attempt.options.signal);
      return authorization;
    }
    const { ifNoneMatch } = attempt.options;
    try {
      const { watches, requests } = this.#connectionsFor(authorization.tls);
      const dispatcher = attempt.isStream ? watches : requests;
      const response = await dispatcher.request({
        origin: this.#credentials.origin,
        path: this.#fullPath(attempt),
        method: attempt.method,
        signal: attempt.options.signal,
        headers: {
          ...authorization.headers,
          "user-agent": `kube-lifeline/${VERSION}`,
          accept: attempt.options.accept ?? "application/json",
          // A quiet watch has nothing to gain from gzip, and its events would each wait for their member's end.
          "accept-encoding": attempt.isStream ? "identity" : "gzip",
          ...(attempt.body === undefined ? {} : { "content-type": "application/json" }),
          ...(ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch }),
        },
        body: attempt.body ?? null,
      });
      return { type: "answer", response };
    } catch (error) {
      return this.#failed(attempt, describeNetworkError(error), error);
    }
  }

  #connectionsFor(tls: TlsOptions): Connections {
    if (this.#connections?.serves(tls) === true) return this.#connections;
    const { proxy } = this.#credentials;
    const fresh = createConnections({
      tls,
      answerTimeoutMs: this.#answerTimeoutMs,
      ...(proxy === undefined ? {} : { proxy }),
    });
    // Watches under the old client certificate run on until they end by themselves.
    this.#connections?.retire();
    this.#connections = fresh;
    return fresh;
  }

  #fullPath({ path, options }: Attempt): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) query.set(name, value);
    }
    const search = query.size === 0 ? "" : `?${query.toString()}`;
    return `${this.#credentials.pathPrefix}${path}${search}`;
  }

  async #refused(attempt: Attempt, response: Dispatcher.ResponseData): Promise<ApiFailure> {
    const answer = parseStatusText(await this.#readSmall(response));
    const status = response.statusCode;
    const header = response.headers["retry-after"];
    const waits = [
      parseRetryAfter(typeof header === "string" ? header : undefined, this.#clock.now()),
      answer.retryAfterMs,
    ].filter((wait) => wait !== undefined);
    const said =
      answer.message === "" ? ` ${answer.reason ?? ""}`.trimEnd() : `: ${answer.message}`;
    return {
      type: "status",
      status,
      answer,
      ...(waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) }),
      error: new Error(
        `Cannot ${attempt.method} ${attempt.path}: ${this.#server()} answered ${status}${said}`,
      ),
    };
  }

  /** A proxy's page, most of the time. */
  async #notJson(attempt: Attempt, response: Dispatcher.ResponseData): Promise<ApiFailure> {
    await this.#readSmall(response);
    const { "content-type": contentType = "of no type" } = response.headers;
    return this.#failed(
      attempt,
      `the answer is "${String(contentType)}", not JSON: is that address a Kubernetes API server, and no proxy's page in between?`,
    );
  }

  #readSmall(response: Dispatcher.ResponseData): Promise<string> {
    return readSmall(response, { clock: this.#clock, timeoutMs: this.#answerTimeoutMs });
  }

  #failed(
    attempt: Attempt,
    problem: string,
    cause?: unknown,
  ): Extract<ApiFailure, { type: "failed" }> {
    const error = new Error(
      `Cannot ${attempt.method} ${attempt.path} from ${this.#server()}: ${problem}`,
      cause === undefined ? {} : { cause: toError(cause) },
    );
    return { type: "failed", error };
  }

  #server(): string {
    const { origin, pathPrefix, proxy } = this.#credentials;
    const way = proxy === undefined ? "" : ` through proxy ${formatProxy(proxy)}`;
    return `API server ${origin}${pathPrefix}${way}`;
  }
}

function isJson(headers: IncomingHttpHeaders): boolean {
  return (headers["content-type"] ?? "").startsWith("application/json");
}
