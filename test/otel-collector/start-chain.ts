import { fileURLToPath } from "node:url";
import type { Loki } from "../testbed/loki.ts";
import type { Prometheus } from "../testbed/prometheus.ts";
import { startLoki, startPrometheus } from "../testbed/real-stores.ts";
import { startShippedCollector, type ShippedCollector } from "./start-shipped-collector.ts";

const PROMETHEUS_CONFIG = fileURLToPath(
  new URL("../../otel-collector/prometheus.yml", import.meta.url),
);

/** The shipped configurations: a collector between a Loki and a Prometheus. */
export type Chain = AsyncDisposable & {
  readonly collector: ShippedCollector;
  readonly loki: Loki;
  readonly prometheus: Prometheus;
};

/** Starts the three, each a suite's own. */
export async function startChain(): Promise<Chain> {
  await using starting = new AsyncDisposableStack();
  const own = async <T extends AsyncDisposable>(server: Promise<T>): Promise<T> =>
    starting.use(await server);
  const [loki, prometheus] = await Promise.all([
    own(startLoki()),
    own(startPrometheus(PROMETHEUS_CONFIG)),
  ]);
  const collector = await own(
    startShippedCollector({ loki: loki.otlpEndpoint, prometheus: prometheus.otlpEndpoint }),
  );
  const everything = starting.move();
  return { collector, loki, prometheus, [Symbol.asyncDispose]: () => everything.disposeAsync() };
}
