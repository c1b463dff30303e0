/** What the pipeline tells about itself; `run/telemetry` words and counts it. Times in milliseconds. */
export type PipelineReport =
  | { readonly type: "commit"; readonly changes: number; readonly durationMs: number }
  /** The commit is held in memory, the watches are held, and it is tried again. */
  | { readonly type: "commit-failed"; readonly error: Error; readonly changes: number }
  /** The same where something could not be read. */
  | { readonly type: "state-unreadable"; readonly error: Error }
  /** Of either: what failed was tried again, and succeeded. */
  | { readonly type: "commit-recovered"; readonly heldMs: number }
  | { readonly type: "watch-started"; readonly watch: string; readonly from: string | undefined }
  | { readonly type: "watch-stopped"; readonly watch: string; readonly reason: string }
  /** A watch of an earlier configuration, with all that it remembered; of `untold` objects the last changes waited for room. */
  | {
      readonly type: "watch-forgotten";
      readonly watch: string;
      readonly objects: number;
      readonly untold: number;
    }
  /** What was remembered went through newer redaction rules; records that wait were made under the old ones. */
  | {
      readonly type: "redaction-renewed";
      /** Those that hold less than before. */
      readonly objects: number;
      readonly durationMs: number;
      readonly waiting: number;
    }
  | {
      readonly type: "watch-synced";
      readonly watch: string;
      readonly objects: number;
      readonly durationMs: number;
    }
  /** It has given no sign of life for so long; `error`: what failed since. Its gauges are held. */
  | {
      readonly type: "watch-stale";
      readonly watch: string;
      readonly silentMs: number;
      readonly error: string | undefined;
    }
  | { readonly type: "watch-sees-again"; readonly watch: string }
  /** The stream told of a failure, which the cluster room has reported with all that is known of it. */
  | { readonly type: "watch-failed"; readonly watch: string; readonly error: Error }
  /** Taking what the stream told threw: the watch is asked anew from its position. */
  | { readonly type: "watch-crashed"; readonly watch: string; readonly error: Error }
  /** An older resourceVersion than the known one came; it is ignored. */
  | { readonly type: "stale-event"; readonly watch: string; readonly object: string }
  /** Making sense of one object threw; that object is skipped, the watch goes on. */
  | {
      readonly type: "object-skipped";
      readonly watch: string;
      readonly object: string;
      readonly error: Error;
    }
  | { readonly type: "first-look-withheld"; readonly watch: string; readonly records: number }
  /** What waits for the collector has reached its bound; what changes from now on is told as one net Change per object. */
  | { readonly type: "outbox-full"; readonly sizeBytes: number; readonly maxBytes: number }
  /** So many changes found no room, and were committed as that. */
  | { readonly type: "changes-withheld"; readonly changes: number }
  /** So many spans of traces that ended while there was no room: nobody will see them. */
  | { readonly type: "spans-dropped"; readonly spans: number }
  /** There is room again, and all that had none was told, but for objects that came and went. */
  | {
      readonly type: "outbox-caught-up";
      readonly behindMs: number;
      readonly changes: number;
      /** So many objects had something to tell. */
      readonly netChanges: number;
    }
  | {
      readonly type: "exported";
      readonly signal: ExportedSignal;
      readonly items: number;
      readonly durationMs: number;
    }
  /** Not taken now; tried again with the same bytes (logs, traces) or the then current points (metrics). */
  | { readonly type: "export-failed"; readonly signal: ExportedSignal; readonly error: Error }
  /** Refused whatever is sent there: held, and only now and then looked whether that was mended. */
  | { readonly type: "export-unwelcome"; readonly signal: ExportedSignal; readonly error: Error }
  | {
      readonly type: "export-recovered";
      readonly signal: ExportedSignal;
      readonly failedMs: number;
    }
  /**
   * The collector took the request but for these items, for good. OTLP's partial success says how many and why, and not
   * which: they can be neither kept nor named, but only counted among those of the request (`of`).
   */
  | {
      readonly type: "export-rejected";
      readonly signal: ExportedSignal;
      readonly items: number;
      /** Undefined where nobody counted them. */
      readonly of: number | undefined;
      readonly message: string;
    }
  /** The collector refused for good: these items are lost, and this says so. */
  | {
      readonly type: "export-refused";
      readonly signal: ExportedSignal;
      readonly items: number;
      readonly error: Error;
    }
  /** The collector refused these items for good; they are kept as dead letters, for which so many older ones had to go. */
  | {
      readonly type: "export-set-aside";
      readonly signal: ExportedSignal;
      readonly items: number;
      readonly error: Error;
      readonly forgotten: number;
    }
  | { readonly type: "discovery-failed"; readonly error: Error }
  | {
      readonly type: "kinds-chosen";
      readonly watches: readonly string[];
      readonly hidden: readonly string[];
      readonly unmatched: readonly string[];
    }
  | { readonly type: "watch-forbidden"; readonly watch: string; readonly missing: string }
  /** What was forbidden may be watched now. */
  | { readonly type: "watch-allowed"; readonly watch: string }
  /** The API server no longer serves it; what was known of its objects was told as gone. */
  | { readonly type: "kind-gone"; readonly watch: string };

type ExportedSignal = "logs" | "metrics" | "traces";
