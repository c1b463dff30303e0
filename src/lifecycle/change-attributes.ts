import type { Difference } from "../history/change.ts";
import { type FieldPath, formatFieldPath } from "../util/field-path.ts";
import { cutUtf8, fitsUtf8, utf8Length } from "../util/utf8.ts";
import type { Attributes, AttributeValue } from "./signal.ts";

/** Bounds of docs/contract.md §4. */
const PATHS_MAX = 20;
const DIFF_MAX_BYTES = 16 * 1_024;

/** With these the attributes of one change stay under 32 KiB in all. */
const PATH_MAX_BYTES = 400;
const MANAGERS_MAX = 20;
const MANAGER_MAX_BYTES = 200;

/** Values are cut to this only where the whole diff would not fit uncut. */
const CUT_VALUE_BYTES = 1_024;

/** `lifeline.change.*`: what changed, and which managers' fields moved with it (a program's name for itself, not a user). */
export function changeAttributes(
  differences: readonly Difference[],
  managers: readonly string[],
): Attributes {
  const diff = formatDiff(differences);
  const attributes: Record<string, AttributeValue> = {
    "lifeline.change.paths": differences.slice(0, PATHS_MAX).map(({ path }) => boundedPath(path)),
    "lifeline.change.diff": diff.json,
  };
  if (diff.truncated || differences.length > PATHS_MAX)
    attributes["lifeline.change.truncated"] = true;
  if (managers.length > 0)
    attributes["lifeline.change.managers"] = managers
      .slice(0, MANAGERS_MAX)
      .map((manager) => cutUtf8(manager, MANAGER_MAX_BYTES));
  return attributes;
}

function boundedPath(path: FieldPath): string {
  return cutUtf8(formatFieldPath(path), PATH_MAX_BYTES);
}

type Diff = { readonly json: string; readonly truncated: boolean };

/** `[{"path","before","after"}]`; a side that was not there has no key. Uncut if it fits, else with each value cut. */
function formatDiff(differences: readonly Difference[]): Diff {
  const whole = joinEntries(differences, DIFF_MAX_BYTES);
  return whole.truncated
    ? { ...joinEntries(differences, CUT_VALUE_BYTES), truncated: true }
    : whole;
}

function joinEntries(differences: readonly Difference[], valueMaxBytes: number): Diff {
  let json = "";
  let bytes = "[]".length;
  for (const { path, before, after } of differences) {
    const from = formatSide("before", before, valueMaxBytes);
    const to = formatSide("after", after, valueMaxBytes);
    const entry = `{"path":${JSON.stringify(boundedPath(path))}${from.json}${to.json}}`;
    const separated = json === "" ? entry : `,${entry}`;
    bytes += utf8Length(separated);
    if (bytes > DIFF_MAX_BYTES) return { json: `[${json}]`, truncated: true };
    if (valueMaxBytes === DIFF_MAX_BYTES && (from.cut || to.cut))
      return { json: "[]", truncated: true };
    json += separated;
  }
  return { json: `[${json}]`, truncated: false };
}

type Side = { readonly json: string; readonly cut: boolean };

function formatSide(key: "before" | "after", value: unknown, maxBytes: number): Side {
  if (value === undefined) return { json: "", cut: false };
  if (typeof value === "string") {
    const cut = !fitsUtf8(value, maxBytes);
    return { json: `,"${key}":${JSON.stringify(cut ? cutText(value, maxBytes) : value)}`, cut };
  }
  const json = JSON.stringify(value);
  if (fitsUtf8(json, maxBytes)) return { json: `,"${key}":${json}`, cut: false };
  // Half of an object is not JSON any more: its text is shown instead, as a string.
  return { json: `,"${key}":${JSON.stringify(cutText(json, maxBytes))}`, cut: true };
}

function cutText(text: string, maxBytes: number): string {
  return cutUtf8(text, maxBytes, `…[cut, ${utf8Length(text)} bytes in all]`);
}
