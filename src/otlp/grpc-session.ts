import { type ClientHttp2Session, connect } from "node:http2";
import type { TlsMaterial } from "./tls-material.ts";

export type GrpcSessionOptions = {
  /** Scheme, host and port; `https` is TLS. */
  readonly origin: string;
  readonly tls: TlsMaterial;
  readonly connectTimeoutMs: number;
};

/** Requests wait in the session's memory for the receiver's window; Node's limit of 10 MB refuses a few large ones. */
const MAX_SESSION_MEMORY_MB = 64;

/**
 * The one HTTP/2 connection of a gRPC transport, made when it is first needed and again whenever it was lost.
 *
 *     none ──use()──▶ current ──GOAWAY, error, close, giveUp()──▶ given up ──last call over──▶ destroyed
 *
 * A session that is given up lets the calls that are under way on it finish, if they still can; new calls get a new
 * one, with a new DNS look-up, and so find a receiver that has moved.
 */
export class GrpcSession {
  readonly #options: GrpcSessionOptions;
  /** How many calls are under way on each session that is not closed. */
  readonly #calls = new Map<ClientHttp2Session, number>();
  #current: ClientHttp2Session | undefined;

  constructor(options: GrpcSessionOptions) {
    this.#options = options;
  }

  /** Lends the session to one call; throws what node:http2 throws at once, such as for an origin that is none. */
  async use<Result>(call: (session: ClientHttp2Session) => Promise<Result>): Promise<Result> {
    const session = this.#usable();
    this.#count(session, 1);
    try {
      return await call(session);
    } finally {
      this.#count(session, -1);
      if (session !== this.#current) this.giveUp(session);
    }
  }

  /** Takes no new calls to this session. */
  giveUp(session: ClientHttp2Session): void {
    if (this.#current === session) this.#current = undefined;
    // Destroyed, not closed: closing waits for a peer that may never answer again.
    if ((this.#calls.get(session) ?? 0) === 0) session.destroy();
  }

  close(): void {
    this.#current = undefined;
    for (const session of this.#calls.keys()) session.destroy();
  }

  #usable(): ClientHttp2Session {
    const session = this.#current;
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    this.#current = this.#connect();
    return this.#current;
  }

  #count(session: ClientHttp2Session, change: 1 | -1): void {
    const calls = this.#calls.get(session);
    if (calls !== undefined) this.#calls.set(session, calls + change);
  }

  #connect(): ClientHttp2Session {
    const { origin, tls, connectTimeoutMs } = this.#options;
    const session = connect(origin, {
      ...tls,
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
      settings: { enablePush: false },
    });
    this.#calls.set(session, 0);
    const timer = setTimeout(() => {
      session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    session.once("connect", () => {
      clearTimeout(timer);
    });
    session.on("goaway", () => {
      this.giveUp(session);
    });
    session.on("error", () => {
      // Each request under way is told by its own stream; an idle session's error concerns nobody.
      this.giveUp(session);
    });
    session.once("close", () => {
      clearTimeout(timer);
      this.#calls.delete(session);
      if (this.#current === session) this.#current = undefined;
    });
    return session;
  }
}
