import { isOlderVersion } from "../util/resource-version.ts";
import { unreachable } from "../util/unreachable.ts";
import type { KindFacts } from "./kube-object.ts";
import type { KubeStatus } from "./parse-status.ts";
import { parseWatchLine } from "./parse-watch-line.ts";
import type { KnownTries } from "./parse-without-tries.ts";
import type { WatchEvent } from "./watch-event.ts";

/** What some lines of a watch said, up to the first that ends it. */
export type ReadLines = {
  readonly events: readonly WatchEvent[];
  /** Where the watch stands once `events` are yielded. */
  readonly resourceVersion: string;
  readonly end?:
    | { readonly type: "error-frame"; readonly status: KubeStatus }
    | { readonly type: "unreadable"; readonly problem: string };
  /** Why lines were passed over. */
  readonly skipped: readonly string[];
  readonly hasBookmark: boolean;
};

export type ReadLinesOptions = {
  readonly facts: KindFacts;
  readonly tries: KnownTries;
  readonly resourceVersion: string;
  /** Passes over what can't be read, until the first line that can. */
  readonly skipUnreadable: boolean;
};

export function readWatchLines(lines: readonly string[], options: ReadLinesOptions): ReadLines {
  const events: WatchEvent[] = [];
  const skipped: string[] = [];
  let { resourceVersion, skipUnreadable } = options;
  let hasBookmark = false;
  // What comes twice, after a bookmark even, is passed on, but a position never goes back: what followed it would be told again.
  const reach = (version: string): void => {
    if (!isOlderVersion(version, resourceVersion)) resourceVersion = version;
  };
  const read = (): ReadLines => ({ events, resourceVersion, skipped, hasBookmark });
  for (const line of lines) {
    const frame = parseWatchLine(line, options.facts, options.tries);
    switch (frame.type) {
      case "applied":
      case "deleted":
        events.push(frame);
        reach(frame.object.metadata.resourceVersion);
        skipUnreadable = false;
        break;
      case "bookmark":
        hasBookmark = true;
        skipUnreadable &&= resourceVersion === frame.resourceVersion;
        reach(frame.resourceVersion);
        events.push({ type: "position", resourceVersion });
        break;
      case "error":
        return { ...read(), end: { type: "error-frame", status: frame.status } };
      case "unreadable":
        if (!skipUnreadable)
          return { ...read(), end: { type: "unreadable", problem: frame.problem } };
        skipped.push(frame.problem);
        break;
      default:
        unreachable(frame);
    }
  }
  return read();
}
