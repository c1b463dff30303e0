import { join } from "node:path";
import { fieldAt } from "../../src/util/json.ts";
import { findFreePort } from "./free-port.ts";
import { type GrafanaServer, launchGrafanaServer } from "./grafana-server.ts";
import { askStore, parseLabels, parseSamples, type Sample } from "./query-answer.ts";

/** One line of a log query's answer. */
type LokiRecord = {
  readonly timeUnixNano: bigint;
  /** Labels and structured metadata alike, as Loki hands them out. */
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
};

/** A real Loki in one process, on files; by itself it writes its chunks after half an hour. */
export type Loki = GrafanaServer & {
  /** `http://127.0.0.1:PORT/otlp`; a signal's path, such as `/v1/logs`, comes behind it. */
  readonly otlpEndpoint: string;
  /** What a log query finds in the last hour, the oldest first; at most 5,000. */
  records(logql: string): Promise<readonly LokiRecord[]>;
  /** What a metric query answers now. */
  query(logql: string): Promise<readonly Sample[]>;
};

/** Starts it on free ports of 127.0.0.1, with every limit at its default; its disposal ends it and removes its data. */
export async function launchLoki(command: string): Promise<Loki> {
  const ports: Ports = { http: await findFreePort(), grpc: await findFreePort() };
  const url = `http://127.0.0.1:${ports.http}`;
  const server = await launchGrafanaServer({
    name: "loki",
    command,
    url,
    configure: (directory) => lokiConfiguration(directory, ports),
  });
  return {
    ...server,
    otlpEndpoint: `${url}/otlp`,
    records: (query) => findRecords(url, query),
    query: async (query) => parseSamples(await askStore(`${url}/loki/api/v1/query`, { query })),
  };
}

type Ports = { readonly http: number; readonly grpc: number };

function lokiConfiguration(directory: string, ports: Ports): object {
  return {
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: "127.0.0.1",
      http_listen_port: ports.http,
      grpc_listen_address: "127.0.0.1",
      grpc_listen_port: ports.grpc,
      log_level: "warn",
    },
    common: {
      instance_addr: "127.0.0.1",
      path_prefix: directory,
      replication_factor: 1,
      ring: { kvstore: { store: "inmemory" } },
      storage: {
        filesystem: {
          chunks_directory: join(directory, "chunks"),
          rules_directory: join(directory, "rules"),
        },
      },
    },
    // It would wait for 15 s for others to join.
    ingester: { lifecycler: { min_ready_duration: "0s" } },
    schema_config: {
      configs: [
        {
          from: "2020-01-01",
          store: "tsdb",
          object_store: "filesystem",
          schema: "v13",
          index: { prefix: "index_", period: "24h" },
        },
      ],
    },
  };
}

async function findRecords(url: string, query: string): Promise<readonly LokiRecord[]> {
  const streams = await askStore(`${url}/loki/api/v1/query_range`, {
    query,
    since: "1h",
    limit: "5000",
    direction: "forward",
  });
  const records = streams.flatMap((stream): readonly LokiRecord[] => {
    const labels = parseLabels(fieldAt(stream, "stream"));
    const values = fieldAt(stream, "values");
    if (!Array.isArray(values)) return [];
    return values.map((value: unknown) => parseRecord(value, labels));
  });
  return records.toSorted((a, b) => Number(a.timeUnixNano - b.timeUnixNano));
}

function parseRecord(entry: unknown, labels: LokiRecord["labels"]): LokiRecord {
  if (!Array.isArray(entry)) throw new Error(`Cannot read ${JSON.stringify(entry)} as a record`);
  return { timeUnixNano: BigInt(String(entry[0])), labels, line: String(entry[1]) };
}
