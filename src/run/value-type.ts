import * as v from "valibot";

/** How one kind of value is read from the text of an environment variable, and how people are told what is wanted. */
export type ValueType<T> = {
  /** Takes trimmed, non-empty text; its issue messages say what is wrong with it. */
  readonly schema: v.GenericSchema<string, T>;
  /** Completes "wanted: …". */
  readonly wanted: string;
  /** The values there are, if they can be counted: for suggestions. */
  readonly choices?: readonly string[];
};

/** What a parser of our own says about a text; `why` completes "Cannot use …: why". */
export type ParsedValue<T> =
  | { readonly type: "valid"; readonly value: T }
  | { readonly type: "invalid"; readonly why: string };

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const MS_PER_UNIT_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(MS_PER_UNIT));
const BYTES_PER_UNIT = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
const BYTES_PER_UNIT_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(BYTES_PER_UNIT));
const SIZE = /^(?<count>\d{1,9})(?<unit>KiB|MiB|GiB)$/;
const DURATION = /^(?<count>\d{1,9})(?<unit>ms|s|m|h)$/;

/** Any text at all. */
export function text(wanted: string): ValueType<string> {
  return { schema: v.string(), wanted };
}

/** One of a few words, in any case (as OpenTelemetry's specification wants its enumerations read). */
export function choice<const C extends string>(choices: readonly C[]): ValueType<C> {
  return { ...parsedBy(choices.join(", "), (input) => parseChoice(input, choices)), choices };
}

/** `250ms 5s 10m 1h` as milliseconds, within bounds that are allowed themselves. */
export function duration(bounds: {
  readonly minMs: number;
  readonly maxMs: number;
}): ValueType<number> {
  const range = `from ${formatDurationSetting(bounds.minMs)} to ${formatDurationSetting(bounds.maxMs)}`;
  const schema = v.pipe(
    v.string(),
    v.regex(DURATION, "not a duration"),
    v.transform(toMilliseconds),
    v.minValue(bounds.minMs, "too short"),
    v.maxValue(bounds.maxMs, "too long"),
  );
  return { schema, wanted: `a duration such as 250ms, 5s, 10m or 1h, ${range}` };
}

/** `64KiB 256MiB 2GiB` as bytes, within bounds that are allowed themselves. */
export function size(bounds: {
  readonly minBytes: number;
  readonly maxBytes: number;
}): ValueType<number> {
  const range = `from ${formatSizeSetting(bounds.minBytes)} to ${formatSizeSetting(bounds.maxBytes)}`;
  const schema = v.pipe(
    v.string(),
    v.regex(SIZE, "not a size"),
    v.transform(toBytes),
    v.minValue(bounds.minBytes, "too small"),
    v.maxValue(bounds.maxBytes, "too large"),
  );
  return { schema, wanted: `a size such as 512KiB, 256MiB or 1GiB, ${range}` };
}

/** The same size in the largest unit that holds it in whole numbers. */
function formatSizeSetting(sizeBytes: number): string {
  const [unit, bytes] = Object.entries(BYTES_PER_UNIT).findLast(
    ([, perUnit]) => sizeBytes % perUnit === 0,
  ) ?? ["B", 1];
  return `${sizeBytes / bytes}${unit}`;
}

/** The same duration in the largest unit that holds it in whole numbers. */
export function formatDurationSetting(durationMs: number): string {
  if (durationMs === 0) return "0s";
  if (durationMs % MS_PER_UNIT.h === 0) return `${durationMs / MS_PER_UNIT.h}h`;
  if (durationMs % MS_PER_UNIT.m === 0) return `${durationMs / MS_PER_UNIT.m}m`;
  if (durationMs % MS_PER_UNIT.s === 0) return `${durationMs / MS_PER_UNIT.s}s`;
  return `${durationMs}ms`;
}

/** Comma-separated; spaces around an item and empty items are dropped, a list of nothing is refused. */
export function splitList(input: string): readonly string[] {
  return input
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** A value type over a parser of our own, for values that have a grammar. */
export function parsedBy<T>(
  wanted: string,
  parse: (input: string) => ParsedValue<T>,
): ValueType<T> {
  const schema = v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if (parsed.type === "valid") return parsed.value;
      addIssue({ message: parsed.why });
      return NEVER;
    }),
  );
  return { schema, wanted };
}

function toMilliseconds(input: string): number {
  const { count, unit } = DURATION.exec(input)?.groups ?? {};
  return Number(count) * (MS_PER_UNIT_BY_NAME.get(unit ?? "") ?? Number.NaN);
}

function toBytes(input: string): number {
  const { count, unit } = SIZE.exec(input)?.groups ?? {};
  return Number(count) * (BYTES_PER_UNIT_BY_NAME.get(unit ?? "") ?? Number.NaN);
}

function parseChoice<C extends string>(input: string, choices: readonly C[]): ParsedValue<C> {
  const value = choices.find((candidate) => candidate.toLowerCase() === input.toLowerCase());
  return value === undefined
    ? { type: "invalid", why: "not one of the known values" }
    : { type: "valid", value };
}
