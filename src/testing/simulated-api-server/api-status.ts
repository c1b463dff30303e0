import type { JsonMap } from "../../util/json.ts";

/** What the server answers with: a JSON body, or text where a real one (or a proxy before it) gives no JSON. */
export type Reply = {
  readonly code: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: JsonMap | string;
};

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** A `metav1.Status` failure; `more` adds or replaces fields, such as `details`. */
export function apiStatus(code: number, message: string, more: JsonMap = {}): JsonMap {
  const reason = REASONS[code] ?? "Unknown";
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
    ...more,
  };
}

export function statusReply(code: number, message: string, more?: JsonMap): Reply {
  return { code, body: apiStatus(code, message, more) };
}

/** The plain text that a real API server gives for a path that nothing serves. */
export const PAGE_NOT_FOUND: Reply = { code: 404, body: "404 page not found\n" };

/** `too old resource version`: the 410 that a list or a watch gets when the window has moved on. */
export function expiredStatus(asked: number, oldest: number): JsonMap {
  return apiStatus(410, `too old resource version: ${asked} (${oldest})`);
}

/** A resourceVersion that is not reached yet: 504 with the cause by which clients know it (apimachinery, errors.go). */
export function tooLargeStatus(asked: number, newest: number): JsonMap {
  return apiStatus(504, `Too large resource version: ${asked}, current: ${newest}`, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}
