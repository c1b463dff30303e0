import { cutUtf8 } from "../../util/utf8.ts";

/** Leaves room in a sentence for what follows. */
const REASON_MAX_BYTES = 120;
const MESSAGE_MAX_BYTES = 240;

/** ` (Reason): message`, as far as there are any, for the end of a sentence's main part. */
export function whyOf(because: { readonly reason: string; readonly message: string }): string {
  const reason = because.reason === "" ? "" : ` (${cutUtf8(because.reason, REASON_MAX_BYTES)})`;
  const message =
    because.message === "" ? "" : `: ${cutUtf8(oneLine(because.message), MESSAGE_MAX_BYTES)}`;
  return reason + message;
}

/** A value from an object as part of a sentence: on one line, and short. */
export function inSentence(value: string): string {
  return cutUtf8(oneLine(value), REASON_MAX_BYTES);
}

const UNTIDY = /[^\S ]| {2}|^ | $/;

function oneLine(text: string): string {
  // What is cut away later need not be searched.
  const shown = text.slice(0, MESSAGE_MAX_BYTES * 2);
  return UNTIDY.test(shown) ? shown.replaceAll(/\s+/g, " ").trim() : shown;
}
