import type { Clock } from "../util/clock.ts";
import type { OtlpOptions } from "./exporter-options.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { createHttpTransport } from "./http-transport.ts";
import type { OpenTransport } from "./open-transport.ts";
import { readTlsMaterial } from "./tls-material.ts";
import type { SignalKind } from "./transport.ts";

/** The transport that a signal's options ask for; an Error if a file that they name can't be used. Connects later. */
export async function createTransport(
  options: OtlpOptions,
  signalKind: SignalKind,
  clock: Clock,
): Promise<OpenTransport | Error> {
  const tls = await readTlsMaterial(options);
  if (tls instanceof Error) return tls;
  const { endpoint, headers, compression, timeoutMs } = options;
  const common = { endpoint, headers, compression, timeoutMs, tls, signalKind };
  return options.protocol === "grpc"
    ? createGrpcTransport(common)
    : createHttpTransport({ ...common, clock });
}
