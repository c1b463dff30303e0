import { sha256 } from "../../util/sha256.ts";
import type { Role } from "./work.ts";

const TRACE_ID_HEX_DIGITS = 32;
const SPAN_ID_HEX_DIGITS = 16;

/** What a trace is known by, before it is sent and from any replica. */
export type TraceKey = {
  readonly uid: string;
  readonly role: Role;
  readonly generation: number;
  readonly ordinal: string;
};

/** 128 bits in lower-case hex (docs/contract.md §6). */
export function traceIdOf({ uid, role, generation, ordinal }: TraceKey): string {
  const text = `lifeline/trace\0${uid}\0${role}\0${generation}\0${ordinal}`;
  return sha256(text).slice(0, TRACE_ID_HEX_DIGITS);
}

/** 64 bits in lower-case hex; `ordinal` counts the spans of that name in the trace. */
export function spanIdOf(traceId: string, name: string, ordinal: number): string {
  return sha256(`${traceId}\0${name}\0${ordinal}`).slice(0, SPAN_ID_HEX_DIGITS);
}

/** The root's name is known from the first moment, and so is its id. */
export function rootName(kind: string, role: Role): string {
  return `${kind} ${role}`;
}
