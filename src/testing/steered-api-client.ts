import type { ApiClient, ApiFailure, RequestOptions } from "../cluster/api-client.ts";
import type { KubeObject } from "../cluster/kube-object.ts";

/**
 * An API server of one resource, without a socket: the test says what lists show and what the open watches hear. It
 * streams no lists, as older servers.
 */
export type SteeredApiClient = ApiClient & {
  /** `list` and `watch <resourceVersion>`, in order. */
  readonly requests: string[];
  /** What lists show. */
  objects: readonly KubeObject[];
  /** Of lists: that of the newest event, too, if that is newer. */
  resourceVersion: string;
  /** Watches that somebody reads now. */
  readonly openWatches: number;
  /** New requests get no answer; watches that are open stay so. */
  isAway: boolean;
  /** Says one event to every open watch; `BOOKMARK` takes a resourceVersion. */
  say(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void;
  bookmark(resourceVersion: string): void;
  /** Ends every open watch. */
  endWatches(): void;
  /** The watches' positions are too old: each must list anew. */
  expire(): void;
};

/** What servers answer that stream no lists. */
export const NO_STREAMS: ApiFailure = {
  type: "status",
  status: 422,
  answer: { message: "", causes: [] },
  error: new Error("Initial events are not served"),
};

const NO_ANSWER: ApiFailure = { type: "failed", error: new Error("No answer") };

type Versioned = { readonly metadata: { readonly resourceVersion: string } };

export function createSteeredApiClient(): SteeredApiClient {
  const requests: string[] = [];
  const streams = new Set<Stream>();

  function tell(frame: unknown): void {
    for (const stream of streams) stream.push(`${JSON.stringify(frame)}\n`);
  }

  function tellNewest(type: string, object: Versioned): void {
    const { resourceVersion } = object.metadata;
    if (Number(resourceVersion) > Number(self.resourceVersion))
      self.resourceVersion = resourceVersion;
    tell({ type, object });
  }

  async function* read({ signal }: RequestOptions): AsyncGenerator<Uint8Array> {
    const stream = new Stream();
    streams.add(stream);
    signal.addEventListener("abort", () => stream.end(), { once: true });
    try {
      for (let line = await stream.next(); line !== undefined; line = await stream.next())
        yield new TextEncoder().encode(line);
    } finally {
      streams.delete(stream);
    }
  }

  const self: SteeredApiClient = {
    requests,
    objects: [],
    resourceVersion: "1",
    get openWatches() {
      return streams.size;
    },
    isAway: false,
    say: tellNewest,
    bookmark: (resourceVersion) => tellNewest("BOOKMARK", { metadata: { resourceVersion } }),
    endWatches() {
      for (const stream of streams) stream.end();
    },
    expire: () => tell({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }),
    get: async () => {
      if (self.isAway) return NO_ANSWER;
      requests.push("list");
      const { resourceVersion, objects: items } = self;
      return {
        type: "ok",
        body: { metadata: { resourceVersion }, items },
        headers: {},
        sizeBytes: 0,
      };
    },
    post: () => Promise.resolve({ type: "failed", error: new Error("Nobody answers reviews") }),
    openStream: async (_path, options) => {
      if (self.isAway) return NO_ANSWER;
      if (options.query?.["sendInitialEvents"] !== undefined) return NO_STREAMS;
      requests.push(`watch ${options.query?.["resourceVersion"]}`);
      return { type: "open", body: read(options) };
    },
    close: async () => undefined,
  };
  return self;
}

/** Lines for one reader, in order. */
class Stream {
  readonly #lines: string[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  push(line: string): void {
    this.#lines.push(line);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#isEnded ? undefined : this.#lines.shift();
  }
}
