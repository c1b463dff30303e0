import { sha256 } from "../util/sha256.ts";

/** 128 bits, as many as a UUID has. */
const UID_HEX_DIGITS = 32;

/**
 * `log.record.uid`: the same fact has the same one from any replica at any time (docs/contract.md §4).
 *
 * The first 128 bits of SHA-256 over the parts joined by NUL, in lower-case hex.
 */
export function recordUid(parts: readonly string[]): string {
  return sha256(parts.join("\0")).slice(0, UID_HEX_DIGITS);
}
