import { unreachable } from "../util/unreachable.ts";
import { identityWithin } from "./identify.ts";
import type { KindFacts } from "./kube-object.ts";
import type { KubeStatus } from "./parse-status.ts";
import { parseWatchLine } from "./parse-watch-line.ts";
import type { KnownTries } from "./parse-without-tries.ts";
import type { WatchEvent, WatchKey } from "./watch-event.ts";

/** What some lines of a stream said, up to the one that ends what existed or the stream. */
export type InitialLines = {
  readonly events: readonly WatchEvent[];
  /** How many of the events show an object that exists. */
  readonly shown: number;
  /** A bookmark came that is not the end: a server that knows initial events sends none before it. */
  readonly hasBookmark: boolean;
  /** Lines that were read. */
  readonly read: number;
  readonly end?:
    | { readonly type: "synced"; readonly resourceVersion: string }
    | { readonly type: "error-frame"; readonly status: KubeStatus }
    | { readonly type: "unreadable"; readonly problem: string };
  /** Why objects were passed over that are no Kubernetes objects. */
  readonly unreadableItems: readonly string[];
  /** Why lines were passed over. */
  readonly skipped: readonly string[];
};

export type InitialLinesOptions = {
  readonly facts: KindFacts;
  readonly tries: KnownTries;
  readonly key: WatchKey;
  /** Passes over lines that can't be read; what they may have shown counts as seen. */
  readonly skipUnreadable: boolean;
};

type Reading = {
  readonly events: WatchEvent[];
  readonly unreadableItems: string[];
  readonly skipped: string[];
  shown: number;
  hasBookmark: boolean;
};

export function readInitialLines(
  lines: readonly string[],
  options: InitialLinesOptions,
): InitialLines {
  const reading: Reading = {
    events: [],
    unreadableItems: [],
    skipped: [],
    shown: 0,
    hasBookmark: false,
  };
  for (const [index, line] of lines.entries()) {
    const end = readLine(line, reading, options);
    if (end !== undefined) return { ...reading, read: index + 1, end };
  }
  return { ...reading, read: lines.length };
}

function readLine(
  line: string,
  reading: Reading,
  options: InitialLinesOptions,
): InitialLines["end"] {
  const frame = parseWatchLine(line, options.facts, options.tries);
  switch (frame.type) {
    case "applied":
      reading.events.push({ type: "resync-object", object: frame.object });
      reading.shown += 1;
      return undefined;
    case "deleted":
      reading.events.push({ type: "resync-deleted", object: frame.object });
      return undefined;
    case "bookmark": {
      const { resourceVersion } = frame;
      if (frame.endsInitialEvents) return { type: "synced", resourceVersion };
      reading.hasBookmark = true;
      return undefined;
    }
    case "error":
      return { type: "error-frame", status: frame.status };
    case "unreadable": {
      const { identity, problem } = frame;
      if (identity === undefined && !options.skipUnreadable) return { type: "unreadable", problem };
      const known = identity === undefined ? {} : identityWithin(identity, options);
      reading.events.push({ type: "resync-unreadable", ...known });
      (identity === undefined ? reading.skipped : reading.unreadableItems).push(problem);
      return undefined;
    }
    default:
      return unreachable(frame);
  }
}
