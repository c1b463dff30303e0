import { join } from "node:path";
import { request } from "undici";
import { fieldAt } from "../../src/util/json.ts";
import { findFreePort } from "./free-port.ts";
import { type GrafanaServer, launchGrafanaServer } from "./grafana-server.ts";
import { spansOf, type SpanEntry } from "./otlp-json.ts";
import { readTempoJson } from "./tempo-json.ts";

/** One trace that a search finds. */
type FoundTrace = {
  /** 32 characters of lower-case hex; Tempo leaves out leading zeros, they are back here. */
  readonly traceId: string;
  /** Of the spans that match; one that Tempo has twice comes twice. */
  readonly spanIds: readonly string[];
};

/** A real Tempo in one process, on files; by itself it writes a trace of which nothing came for 10 s. */
export type Tempo = GrafanaServer & {
  /** `127.0.0.1:PORT`, for OTLP by gRPC. */
  readonly grpcEndpoint: string;
  /** What a TraceQL query finds of what was flushed, at most 100 traces with 100 spans each. */
  search(traceql: string): Promise<readonly FoundTrace[]>;
  /** All spans of one trace, by its id in hex; none if there is no such trace. */
  trace(traceId: string): Promise<readonly SpanEntry[]>;
};

/** Starts it on free ports of 127.0.0.1, with every limit at its default; its disposal ends it and removes its data. */
export async function launchTempo(command: string): Promise<Tempo> {
  const ports: Ports = {
    http: await findFreePort(),
    grpc: await findFreePort(),
    otlp: await findFreePort(),
  };
  const url = `http://127.0.0.1:${ports.http}`;
  const server = await launchGrafanaServer({
    name: "tempo",
    command,
    url,
    configure: (directory) => tempoConfiguration(directory, ports),
  });
  return {
    ...server,
    grpcEndpoint: `127.0.0.1:${ports.otlp}`,
    search: (query) => searchTraces(url, query),
    trace: (id) => readTrace(url, id),
  };
}

type Ports = Readonly<Record<"http" | "grpc" | "otlp", number>>;

function tempoConfiguration(directory: string, ports: Ports): object {
  const ring = { kvstore: { store: "inmemory" } };
  return {
    server: {
      http_listen_address: "127.0.0.1",
      http_listen_port: ports.http,
      grpc_listen_address: "127.0.0.1",
      grpc_listen_port: ports.grpc,
      log_level: "warn",
    },
    usage_report: { reporting_enabled: false },
    distributor: {
      ring: { instance_addr: "127.0.0.1", ...ring },
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `127.0.0.1:${ports.otlp}` },
          },
        },
      },
    },
    ingester: {
      lifecycler: { address: "127.0.0.1", min_ready_duration: "0s", ring },
      // Nothing is written before a test says so.
      trace_idle_period: "1h",
    },
    storage: {
      trace: {
        backend: "local",
        wal: { path: join(directory, "wal") },
        local: { path: join(directory, "blocks") },
      },
    },
  };
}

async function searchTraces(url: string, query: string): Promise<readonly FoundTrace[]> {
  const { statusCode, body } = await request(`${url}/api/search`, {
    query: { q: query, limit: "100", spss: "100" },
  });
  const text = await body.text();
  if (statusCode !== 200)
    throw new Error(`Cannot search Tempo for ${query}: it answered ${statusCode}: ${text}`);
  const traces = fieldAt(JSON.parse(text), "traces");
  return Array.isArray(traces) ? traces.map(parseFoundTrace) : [];
}

function parseFoundTrace(trace: unknown): FoundTrace {
  const spanSets = fieldAt(trace, "spanSets");
  const sets: readonly unknown[] = Array.isArray(spanSets) ? spanSets : [];
  const spans = sets.flatMap((set): readonly unknown[] => {
    const list = fieldAt(set, "spans");
    return Array.isArray(list) ? list : [];
  });
  return {
    traceId: String(fieldAt(trace, "traceID")).padStart(32, "0"),
    spanIds: spans.map((span) => String(fieldAt(span, "spanID"))),
  };
}

async function readTrace(url: string, traceId: string): Promise<readonly SpanEntry[]> {
  const { statusCode, body } = await request(`${url}/api/v2/traces/${traceId}`);
  const text = await body.text();
  if (statusCode === 404) return [];
  if (statusCode !== 200)
    throw new Error(`Cannot read trace ${traceId} from Tempo: it answered ${statusCode}: ${text}`);
  return spansOf(readTempoJson(fieldAt(JSON.parse(text), "trace")), 0);
}
