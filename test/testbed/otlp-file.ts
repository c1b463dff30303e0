import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
} from "node:fs";
import {
  logsOf,
  pointsOf,
  spansOf,
  type LogEntry,
  type MetricPoint,
  type SpanEntry,
} from "./otlp-json.ts";

/** Reads what otelcol's file exporter appends to one file, each byte once; what it returns only ever grows. */
export class OtlpFile {
  readonly path: string;
  readonly #requests: unknown[] = [];
  readonly #logs: LogEntry[] = [];
  readonly #points: MetricPoint[] = [];
  readonly #spans: SpanEntry[] = [];
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.path = path;
  }

  /** Every request so far, in order of arrival, as parsed OTLP/JSON: has `resourceLogs`, `resourceMetrics` or `resourceSpans`. */
  requests(): readonly unknown[] {
    this.#readOn();
    return [...this.#requests];
  }

  logs(): readonly LogEntry[] {
    this.#readOn();
    return [...this.#logs];
  }

  points(): readonly MetricPoint[] {
    this.#readOn();
    return [...this.#points];
  }

  spans(): readonly SpanEntry[] {
    this.#readOn();
    return [...this.#spans];
  }

  /** Cuts off the half line that a killed writer may have left, so that the next one begins at a line's start. */
  dropUnfinishedLine(): void {
    if (!existsSync(this.path)) return;
    truncateSync(this.path, readFileSync(this.path).lastIndexOf("\n") + 1);
    // Of a line that was half there when it was read last, all is read again: it may be whole by now.
    this.#offset -= this.#rest.length;
    this.#rest = Buffer.alloc(0);
  }

  #readOn(): void {
    const chunk = readFrom(this.path, this.#offset);
    this.#offset += chunk.length;
    const unread = Buffer.concat([this.#rest, chunk]);
    const end = unread.lastIndexOf("\n") + 1;
    this.#rest = unread.subarray(end);
    for (const line of unread.toString("utf8", 0, end).split("\n")) {
      if (line === "") continue;
      const request: unknown = JSON.parse(line);
      const index = this.#requests.push(request) - 1;
      this.#logs.push(...logsOf(request, index));
      this.#points.push(...pointsOf(request, index));
      this.#spans.push(...spansOf(request, index));
    }
  }
}

function readFrom(path: string, offset: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return chunk.subarray(0, readSync(file, chunk, 0, chunk.length, offset));
  } finally {
    closeSync(file);
  }
}
