import type { ServerResponse } from "node:http";
import { isMap, type JsonMap } from "../../util/json.ts";
import { apiStatus } from "./api-status.ts";
import { atVersion, type Collection } from "./collection.ts";
import type { LoggedEvent } from "./kind-store.ts";
import type { SeenRequest } from "./seen-request.ts";
import { formatApiVersion } from "./served-kind.ts";

type WatchStart = {
  readonly collection: Collection;
  readonly request: SeenRequest;
  /** Events after this are told; `undefined`: first all present objects as ADDED, then what follows. */
  readonly fromRevision: number | undefined;
  /** A bookmark says where the present objects end. */
  readonly marksInitialEvents: boolean;
  /** The newest revision of the cluster, whichever kind it belongs to. */
  readonly newestRevision: () => number;
};

/** A slow client must not cost a copy of the whole log at each drain. */
const BATCH_SIZE = 256;

/**
 * One watch stream on its socket, which a test may bend. It writes what its kind's log holds as fast as the client
 * reads; a client so slow that the window has moved past it is cut off, as a real API server does.
 */
export class OpenWatch {
  readonly request: SeenRequest;
  readonly #collection: Collection;
  readonly #response: ServerResponse;
  readonly #newestRevision: () => number;
  readonly #unsubscribe: () => void;
  #cursor: number;
  #isFrozen = false;

  constructor(response: ServerResponse, start: WatchStart) {
    this.request = start.request;
    this.#collection = start.collection;
    this.#response = response;
    this.#newestRevision = start.newestRevision;
    this.#cursor = start.fromRevision ?? start.newestRevision();
    response.writeHead(200, {
      "content-type": "application/json",
      "cache-control": "no-cache, private",
    });
    response.flushHeaders();
    const pump = (): void => this.#pump();
    response.on("drain", pump);
    this.#unsubscribe = start.collection.store.subscribe(pump);
    response.on("close", this.#unsubscribe);
    if (start.fromRevision === undefined) this.#sendPresent();
    if (start.marksInitialEvents) this.endInitialEvents();
    this.#pump();
  }

  /** Tells how far the stream has come, if the client asked for bookmarks. */
  sendBookmark(): void {
    if (this.#isFrozen || this.request.query["allowWatchBookmarks"] !== "true") return;
    this.#pump();
    this.#sendBookmark({});
  }

  /** Tells that all which existed has been shown (KEP-3157), or with another word than "true" something else. */
  endInitialEvents(word: string = "true"): void {
    this.#sendBookmark({ annotations: { "k8s.io/initial-events-end": word } });
  }

  /** Sends an ERROR event, by default the 410 of a resourceVersion that left the window, and ends the stream. */
  sendError(status: JsonMap = apiStatus(410, "too old resource version")): void {
    this.#send("ERROR", status);
    this.end();
  }

  /** Writes these very characters into the stream: half a line, two lines, nonsense. */
  sendRaw(text: string | Uint8Array): void {
    this.#response.write(text);
  }

  /** Ends the stream as a server does whose timeout has come. */
  end(): void {
    this.#unsubscribe();
    this.#response.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#unsubscribe();
    this.#response.socket?.resetAndDestroy();
  }

  /** Goes silent with the connection open, as a peer behind a dead link; no bookmarks either. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Goes on where the freeze began. */
  thaw(): void {
    this.#isFrozen = false;
    this.#pump();
  }

  #sendBookmark(more: JsonMap): void {
    const { kind } = this.#collection.store;
    const resourceVersion = String(this.#newestRevision());
    const metadata = { resourceVersion, creationTimestamp: null, ...more };
    const apiVersion = formatApiVersion(kind.group, this.#collection.version);
    this.#send("BOOKMARK", { kind: kind.kind, apiVersion, metadata });
  }

  #sendPresent(): void {
    const { store } = this.#collection;
    for (const object of store
      .objects()
      .filter((candidate) => this.#collection.includes(candidate))) {
      this.#send("ADDED", atVersion(object, store.kind, this.#collection.version));
    }
  }

  #pump(): void {
    const { store } = this.#collection;
    if (this.#isFrozen || this.#response.writableEnded || this.#response.writableNeedDrain) return;
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
      for (const event of batch) {
        this.#cursor = event.revision;
        if (!this.#tell(event)) return;
      }
    }
    if (!store.isServed || store.hasForgotten(this.#cursor)) this.end();
  }

  #nextBatch(): readonly LoggedEvent[] {
    const { store } = this.#collection;
    return store.hasForgotten(this.#cursor) ? [] : store.eventsAfter(this.#cursor, BATCH_SIZE);
  }

  /** What an event is to this watch: leaving a selection looks like a deletion, entering it like a creation. */
  #tell({ type, object, before }: LoggedEvent): boolean {
    const { store, version, includes } = this.#collection;
    const wasIn = before !== undefined && includes(before);
    const isIn = type !== "DELETED" && includes(object);
    if (isIn)
      return this.#send(wasIn ? "MODIFIED" : "ADDED", atVersion(object, store.kind, version));
    if (!wasIn) return true;
    // The state that the watcher knew, with the resourceVersion of the change that ended it.
    const { resourceVersion } = object.metadata;
    const last = { ...before, metadata: { ...before.metadata, resourceVersion } };
    return this.#send("DELETED", atVersion(last, store.kind, version));
  }

  /** False when the client does not keep up: wait for `drain`. */
  #send(type: string, object: unknown): boolean {
    if (!isMap(object)) return true;
    return this.#response.write(`${JSON.stringify({ type, object })}\n`);
  }
}
