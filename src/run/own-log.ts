import type { Clock } from "../util/clock.ts";

/** Levels of the process's own log, from chatty to grave. */
const OWN_LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type OwnLogLevel = (typeof OWN_LOG_LEVELS)[number];

/** What may stand in a line besides time, level and message; `undefined` is left out. */
export type OwnLogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export type OwnLogRecord = {
  readonly timeMs: number;
  readonly level: OwnLogLevel;
  readonly message: string;
  readonly fields: OwnLogFields;
};

/** The process about itself; never throws. */
export interface OwnLog {
  log(level: OwnLogLevel, message: string, fields?: OwnLogFields): void;
}

export type OwnLogOptions = {
  readonly level: OwnLogLevel;
  readonly clock: Pick<Clock, "now">;
  /** Takes one line, newline included. */
  readonly write: (line: string) => void;
};

/** JSON lines with `time` (RFC 3339, UTC), `level`, `message` and then the fields; fields can't overwrite those three. */
export function createOwnLog(options: OwnLogOptions): OwnLog {
  return {
    log(level, message, fields = {}) {
      if (!isAtLeast(level, options.level)) return;
      options.write(formatLine({ timeMs: options.clock.now(), level, message, fields }));
    },
  };
}

/**
 * The same log, which also hands every record of `warn` and above to `emit`, whatever the level of the lines:
 * the way to the collector.
 */
export function withRecords(
  ownLog: OwnLog,
  clock: Pick<Clock, "now">,
  emit: (record: OwnLogRecord) => void,
): OwnLog {
  return {
    log(level, message, fields = {}) {
      ownLog.log(level, message, fields);
      if (isAtLeast(level, "warn")) emit({ timeMs: clock.now(), level, message, fields });
    },
  };
}

function isAtLeast(level: OwnLogLevel, floor: OwnLogLevel): boolean {
  return OWN_LOG_LEVELS.indexOf(level) >= OWN_LOG_LEVELS.indexOf(floor);
}

function formatLine(record: OwnLogRecord): string {
  const head = {
    time: new Date(record.timeMs).toISOString(),
    level: record.level,
    message: record.message,
  };
  return `${JSON.stringify({ ...head, ...record.fields, ...head })}\n`;
}
