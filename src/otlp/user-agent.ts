import { VERSION } from "../util/version.ts";

/** How OTLP receivers see us (OTLP exporter specification, "User Agent"). */
export const USER_AGENT: string = `kube-lifeline/${VERSION}`;
