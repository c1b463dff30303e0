/**
 * Everything that the cluster room tells besides WatchEvents: facts without wording, for logs, self-metrics and
 * health. `watch` is what `formatWatchKey` says; durations are milliseconds; nothing here needs an answer.
 */
export type ClusterReport =
  | { readonly type: "watch-state"; readonly watch: string; readonly state: ReflectorPhase }
  | {
      readonly type: "list-started";
      readonly watch: string;
      readonly reason: ListReason;
      readonly method: LookMethod;
    }
  | {
      readonly type: "list-done";
      readonly watch: string;
      readonly count: number;
      readonly durationMs: number;
    }
  /** The watch's looks are page by page from now on, for a day; for 10 minutes where streams were cut short. */
  | { readonly type: "list-fallback"; readonly watch: string; readonly reason: FallbackReason }
  /** A list took longer than the server remembers: its later pages are newer than its first ones. */
  | { readonly type: "list-resumed"; readonly watch: string }
  /** What was known is no longer enough to go on from: everything is listed again. */
  | { readonly type: "relist"; readonly watch: string; readonly reason: ListReason }
  /** A watch ended and is asked for again from its last position. */
  | { readonly type: "reconnect"; readonly watch: string; readonly cause: ReconnectCause }
  | {
      readonly type: "request-failed";
      readonly watch: string;
      readonly verb: WatchVerb;
      /** Absent: no answer came. */
      readonly status?: number;
      readonly error: Error;
      readonly retryInMs: number;
    }
  | {
      readonly type: "kind-forbidden";
      readonly watch: string;
      readonly verb: WatchVerb;
      readonly error: Error;
      readonly retryInMs: number;
    }
  /** The API server answers 404 for a kind that discovery named. */
  | {
      readonly type: "kind-missing";
      readonly watch: string;
      readonly error: Error;
      readonly retryInMs: number;
    }
  /** `occurrence`: how many times running nothing else came at this place of the stream. */
  | {
      readonly type: "line-unreadable";
      readonly watch: string;
      readonly problem: string;
      readonly occurrence: number;
      readonly action: "reconnect" | "relist" | "skip";
    }
  /** One item of a list that is no Kubernetes object: skipped. */
  | { readonly type: "item-unreadable"; readonly watch: string; readonly problem: string }
  | { readonly type: "credentials-refreshed"; readonly source: string }
  | { readonly type: "credentials-failed"; readonly source: string; readonly error: Error };

/** `stream`: a watch that begins with all that exists; `pages`: a list. */
type LookMethod = "stream" | "pages";

/** `refused`: the server knows no such stream; `never-ends`, `cut-short`: none came to its end. */
export type FallbackReason = "refused" | "never-ends" | "cut-short";

type ReflectorPhase = "listing" | "watching" | "waiting" | "stopped";

/** `closed`: the server ended it as asked; `idle`: no byte came for too long; `broken`: the connection failed. */
export type ReconnectCause = "closed" | "idle" | "broken" | "unreadable" | "error-frame";

export type WatchVerb = "list" | "watch";

export type Report = (report: ClusterReport) => void;

/**
 * `first-look`: no position was given. `expired`: 410, the position is older than what the server remembers.
 * `too-new`: the server is behind the position and does not catch up. `stuck`: it only errs there. `fallback`: the
 * same look again, page by page.
 */
export type ListReason =
  | "first-look"
  | "expired"
  | "too-new"
  | "stuck"
  | "unreadable-line"
  | "fallback"
  | "retry";
