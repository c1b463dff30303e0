import type { Transport } from "./transport.ts";

/** A Transport together with the connections under it. */
export interface OpenTransport {
  readonly send: Transport;
  /** Ends the connections; requests still under way fail as retryable. */
  close(): Promise<void>;
}
