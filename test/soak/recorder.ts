import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt } from "../../src/util/json.ts";
import { toError } from "../../src/util/to-error.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { tokenOf } from "../testbed/kubeconfig.ts";
import { readGadget } from "./gadget.ts";
import type { Sighting } from "./sighting.ts";

/** The longest watch that is asked for; a soak that goes on for longer than the API server keeps it fails as such. */
const WATCH_SECONDS = 14 * 24 * 3600;
const ATTEMPTS_MAX = 100;
const ATTEMPT_PAUSE_MS = 100;

/**
 * A plain watch of one resource from before its first object on, which shares no code with the program. While the API
 * server is away nobody can write, so that it may pause: what is there afterwards must be what it saw last.
 */
export class Recorder implements AsyncDisposable {
  readonly sightings: Sighting[] = [];
  readonly #url: string;
  readonly #agent: Agent;
  /** The version of each object that is there, by its UID. */
  readonly #there = new Map<string, string>();
  #version = 0;
  #watching: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #failure: Error | undefined;

  private constructor(url: string, ca: string) {
    this.#url = url;
    this.#agent = new Agent({ connect: { ca }, bodyTimeout: 0, headersTimeout: 60_000 });
  }

  /** `path`: of a collection, such as `/apis/GROUP/v1/namespaces/NAME/gadgets`, in which there is nothing yet. */
  static async open({ address }: Cluster, path: string): Promise<Recorder> {
    const ca = await readFile(join(address.directory, "ca.crt"), "utf8");
    const recorder = new Recorder(`${address.server}${path}`, ca);
    await recorder.resume();
    return recorder;
  }

  /** The resourceVersion of the last event, or of the look at the beginning; throws if it did not see everything. */
  get version(): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#version;
  }

  /** Whether it saw the write that this object comes from. */
  hasSeen(version: number): boolean {
    return this.version >= version;
  }

  /** Ends the watch once it has seen everything, for the API server to be stopped; nobody may write from here on. */
  async pause(): Promise<void> {
    const { versions } = await this.#list();
    while (this.#differs(versions)) await sleep(20);
    this.#watching?.stop.abort();
    await this.#watching?.ended;
    this.#watching = undefined;
  }

  /** Watches on from what is there; throws unless that is what was there at the end. */
  async resume(): Promise<void> {
    const { versions, listVersion } = await this.#list();
    if (this.#differs(versions))
      throw new Error("Cannot record on: something was written while the recorder paused");
    this.#version = listVersion;
    const stop = new AbortController();
    const body = await this.#open(stop.signal);
    const ended = this.#follow(body).catch((error: unknown) => {
      if (!stop.signal.aborted)
        this.#failure = new Error(`Cannot record on: ${toError(error).message}`, { cause: error });
    });
    this.#watching = { stop, ended };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.stop.abort();
    await this.#watching?.ended;
    await this.#agent.destroy();
  }

  /** An API server that has just started asks for patience: 429, until its storage is initialized. */
  async #get(query: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    for (let attempt = 1; ; attempt += 1) {
      const { statusCode, body } = await request(`${this.#url}${query}`, {
        dispatcher: this.#agent,
        headers: { authorization: `Bearer ${tokenOf("admin")}` },
        ...(signal === undefined ? {} : { signal }),
      });
      if (statusCode === 200) return body;
      const text = await body.text();
      if (statusCode !== 429 || attempt === ATTEMPTS_MAX)
        throw new Error(
          `Cannot record: GET ${query} answered ${statusCode}: ${text.slice(0, 500)}`,
        );
      await sleep(ATTEMPT_PAUSE_MS);
    }
  }

  async #list(): Promise<{
    readonly versions: ReadonlyMap<string, string>;
    readonly listVersion: number;
  }> {
    const list: unknown = JSON.parse(await textOf(await this.#get("")));
    const items = fieldAt(list, "items");
    const versions = new Map<string, string>();
    for (const item of Array.isArray(items) ? items : [])
      versions.set(
        String(fieldAt(item, "metadata", "uid")),
        String(fieldAt(item, "metadata", "resourceVersion")),
      );
    return { versions, listVersion: Number(fieldAt(list, "metadata", "resourceVersion")) };
  }

  #differs(versions: ReadonlyMap<string, string>): boolean {
    if (versions.size !== this.#there.size) return true;
    return [...this.#there].some(([uid, version]) => versions.get(uid) !== version);
  }

  #open(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#get(
      `?watch=true&resourceVersion=${this.#version}&timeoutSeconds=${WATCH_SECONDS}`,
      signal,
    );
  }

  async #follow(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#record(JSON.parse(line));
    }
    throw new Error("the API server ended the watch");
  }

  #record(event: unknown): void {
    const type = fieldAt(event, "type");
    if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED")
      throw new Error(`the watch said ${JSON.stringify(event)}`);
    // What the API server sends in a watch is an object of the kind that was asked for.
    const object = fieldAt(event, "object") as KubeObject;
    const { uid, resourceVersion } = object.metadata;
    const version = Number(resourceVersion);
    if (type === "DELETED") this.#there.delete(uid);
    else this.#there.set(uid, resourceVersion);
    this.sightings.push({ type, version, gadget: readGadget(object) });
    this.#version = version;
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
