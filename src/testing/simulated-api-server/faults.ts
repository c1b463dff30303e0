import type { SeenRequest } from "./seen-request.ts";

/** What goes wrong with a request. Faults of a watch that already streams are methods of `OpenWatch`. */
export type Fault =
  /**
   * Another answer than the true one: a `metav1.Status`, or with `body` whatever a proxy says (`code: 200` with HTML
   * too). `retryAfter` is the header, in seconds or as a date.
   */
  | {
      readonly type: "answer";
      readonly code: number;
      readonly message?: string;
      readonly retryAfter?: string;
      readonly body?: string;
      readonly contentType?: string;
    }
  /** The connection is reset before any answer. */
  | { readonly type: "reset" }
  /** Neither an answer nor an end ever comes. */
  | { readonly type: "freeze" }
  /** The true answer, cut after so many bytes: by a reset, or so that HTTP ends it properly. */
  | { readonly type: "truncate"; readonly sizeBytes: number; readonly ending: "reset" | "clean" }
  /** The true answer, later by the injected clock. */
  | { readonly type: "delay"; readonly delayMs: number };

/** Which requests; absent fields match all. `resource` as in `pods` or `customdatabases.custom.example.com`. */
export type RequestMatch = {
  readonly verb?: SeenRequest["verb"];
  readonly resource?: string;
  readonly path?: string;
  /** Whether it asks for initial events, as a streaming list does. */
  readonly isStream?: boolean;
};

type FaultRule = RequestMatch & { readonly fault: Fault; left: number };

/** The switches: each rule strikes the requests that it matches, `times` times (default: until removed). */
export class FaultSwitches {
  #rules: readonly FaultRule[] = [];

  /** Returns how to take the rule away again. Earlier rules strike first. */
  add(fault: Fault, match: RequestMatch = {}, times: number = Infinity): () => void {
    const rule: FaultRule = { ...match, fault, left: times };
    this.#rules = [...this.#rules, rule];
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault for this request, which counts as struck. */
  strike(request: SeenRequest): Fault | undefined {
    const rule = this.#rules.find((candidate) => candidate.left > 0 && isMatch(candidate, request));
    if (rule === undefined) return undefined;
    rule.left -= 1;
    return rule.fault;
  }
}

function isMatch(match: RequestMatch, request: SeenRequest): boolean {
  const { verb, resource, path, isStream } = match;
  if (isStream !== undefined && isStream !== (request.query["sendInitialEvents"] === "true"))
    return false;
  const isVerb = verb === undefined || verb === request.verb;
  const isResource = resource === undefined || resource === request.resource;
  return isVerb && isResource && (path === undefined || path === request.path);
}
