import { fileURLToPath } from "node:url";
import type { Loki } from "../testbed/loki.ts";
import type { Prometheus } from "../testbed/prometheus.ts";
import { startLoki, startPrometheus, startTempo } from "../testbed/real-stores.ts";
import type { Tempo } from "../testbed/tempo.ts";
import { startShippedCollector, type ShippedCollector } from "./start-shipped-collector.ts";

const PROMETHEUS_CONFIG = fileURLToPath(
  new URL("../../otel-collector/prometheus.yml", import.meta.url),
);

/** The shipped configurations: a collector before a Loki, a Prometheus and a Tempo. */
export type Chain = AsyncDisposable & {
  readonly collector: ShippedCollector;
  readonly loki: Loki;
  readonly prometheus: Prometheus;
  readonly tempo: Tempo;
};

/** Starts the four, each a suite's own. */
export async function startChain(): Promise<Chain> {
  await using starting = new AsyncDisposableStack();
  const own = async <T extends AsyncDisposable>(server: Promise<T>): Promise<T> =>
    starting.use(await server);
  const [loki, prometheus, tempo] = await Promise.all([
    own(startLoki()),
    own(startPrometheus(PROMETHEUS_CONFIG)),
    own(startTempo()),
  ]);
  const collector = await own(
    startShippedCollector({
      loki: loki.otlpEndpoint,
      prometheus: prometheus.otlpEndpoint,
      tempo: tempo.grpcEndpoint,
    }),
  );
  const everything = starting.move();
  const dispose = (): Promise<void> => everything.disposeAsync();
  return { collector, loki, prometheus, tempo, [Symbol.asyncDispose]: dispose };
}
