import type { Attributes, LogSignal, Severity } from "../../lifecycle/signal.ts";
import { isMap } from "../../util/json.ts";
import { cell, firstColumns, type LineOptions, renderLine, type Span, type Style } from "./line.ts";
import { objectName } from "./object-name.ts";

const SEVERITY_STYLES: Readonly<Record<Severity, Style>> = {
  DEBUG: "dim",
  INFO: "green",
  WARN: "yellow",
  ERROR: "red",
};

/** The longest event names there are in this form; an object's name may push its own line further. */
const EVENT_COLUMNS = 14;
const OBJECT_COLUMNS = 32;

const MAX_DIFFERENCES = 3;
const MAX_VALUE_COLUMNS = 24;
const MAX_MANAGERS = 2;

/** Changed with everything, telling nothing: shown only where there is nothing else. */
const DULL_PATHS =
  /^(?:metadata\.generation|status\.observedGeneration)$|observedGeneration|lastTransitionTime/;

/**
 * One record for people, without the line's end: local time, severity, event, object, sentence, and where something
 * was changed the most telling differences and who made them.
 */
export function formatLogLine(signal: LogSignal, options: LineOptions): string {
  const object = objectName(signal.attributes, signal.namespace);
  const spans: Span[] = [
    { text: `${localTime(signal.timeMs)} `, style: "dim" },
    { text: cell(signal.severity, 5), style: SEVERITY_STYLES[signal.severity] },
    { text: cell(shortEvent(signal.eventName), EVENT_COLUMNS), style: "cyan" },
    { text: cell(object, OBJECT_COLUMNS), style: "bold" },
    ...storyOf(signal, object),
  ];
  return renderLine(spans, options);
}

/** What changed and by whom where the record says it in full, else its sentence; of several changes in one that says more. */
function storyOf(signal: LogSignal, object: string): readonly Span[] {
  const style: Style = signal.severity === "DEBUG" ? "dim" : "plain";
  const isCollapsed = signal.attributes["lifeline.collapsed"] !== undefined;
  const changes = isCollapsed ? "" : changesOf(signal.attributes);
  if (changes === "") return [{ text: sentenceOf(signal, object), style }];
  return [
    { text: `changed ${changes}`, style },
    { text: managersOf(signal.attributes), style: "dim" },
  ];
}

function localTime(unixMs: number): string {
  const time = new Date(unixMs);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** `condition` for `lifeline.object.condition_changed`. */
function shortEvent(eventName: string): string {
  return eventName.replace(/^lifeline\.(?:object\.)?/, "").replace(/_changed$/, "");
}

/** The body without what already stands in the line, and without the resourceVersion, which is for machines. */
function sentenceOf(signal: LogSignal, object: string): string {
  const body =
    object !== "" && signal.body.startsWith(`${object} `)
      ? signal.body.slice(object.length + 1)
      : signal.body;
  return body.replace(/, at resourceVersion \S*$/, "");
}

function changesOf(attributes: Attributes): string {
  const differences = differencesOf(attributes["lifeline.change.diff"]);
  const telling = differences.filter((difference) => !DULL_PATHS.test(difference.path));
  const shown = telling.length > 0 ? telling : differences;
  const parts = shown
    .slice(0, MAX_DIFFERENCES)
    .map((it) => `${it.path} ${shortValue(it.before)} → ${shortValue(it.after)}`);
  if (shown.length > MAX_DIFFERENCES) parts.push(`+${shown.length - MAX_DIFFERENCES} more`);
  return parts.join(", ");
}

function managersOf(attributes: Attributes): string {
  const managers = attributes["lifeline.change.managers"];
  if (!Array.isArray(managers) || managers.length === 0) return "";
  return `, by ${managers.slice(0, MAX_MANAGERS).join(", ")}`;
}

type ShownDifference = { readonly path: string; readonly before: unknown; readonly after: unknown };

/** The attribute is JSON of our own making, but cut to its bound it may be none: then no differences are shown. */
function differencesOf(diff: unknown): readonly ShownDifference[] {
  if (typeof diff !== "string") return [];
  try {
    const parsed: unknown = JSON.parse(diff);
    if (!Array.isArray(parsed)) return [];
    return parsed
      .filter((entry) => isMap(entry))
      .flatMap(({ path, before, after }) =>
        typeof path === "string" ? [{ path, before, after }] : [],
      );
  } catch {
    return [];
  }
}

function shortValue(value: unknown): string {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const fitting = firstColumns(text, MAX_VALUE_COLUMNS);
  return fitting.length === text.length ? text : `${fitting}…`;
}
