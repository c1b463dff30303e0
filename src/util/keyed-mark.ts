import { createHmac, randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 4;

/**
 * Four characters of base62 that stand for a text without telling it: HMAC-SHA256 under `key`.
 *
 * Equal texts give equal marks; different texts give the same one about once in 15 million pairs.
 */
export function createKeyedMark(key: string | Uint8Array): (text: string) => string {
  return (text) => {
    let number = createHmac("sha256", key).update(text).digest().readUInt32BE(0);
    let mark = "";
    while (mark.length < LENGTH) {
      mark += ALPHABET.charAt(number % ALPHABET.length);
      number = Math.floor(number / ALPHABET.length);
    }
    return mark;
  };
}

/** A fresh key for `createKeyedMark`, 32 random bytes in hex; whoever keeps the marks keeps it beside them. */
export function createMarkKey(): string {
  return randomBytes(32).toString("hex");
}
