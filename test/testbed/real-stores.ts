import { inject, test } from "vitest";
import { launchLoki, type Loki } from "./loki.ts";
import { launchPrometheus, type Prometheus } from "./prometheus.ts";
import type { StoreBinaries } from "./server-binaries.ts";
import { launchTempo, type Tempo } from "./tempo.ts";

const worst = [inject("testbed"), inject("stores")].find(({ type }) => type === "missing");

/** Like `serverTest`, for suites of the project `stores`: skipped where any of the real servers or stores cannot be had. */
// oxlint-disable-next-line vitest/expect-expect, vitest/no-disabled-tests -- this makes a test function, it is no test
export const storeTest: ReturnType<typeof test.skipIf> = test.skipIf(worst?.type === "missing");

/** A Prometheus of the suite's own with this configuration file; about a second to start. */
export async function startPrometheus(configuration: string): Promise<Prometheus> {
  return await launchPrometheus(storeBinaries().prometheus, configuration);
}

/** A Loki of the suite's own; a few seconds to start. */
export async function startLoki(): Promise<Loki> {
  return await launchLoki(storeBinaries().loki);
}

/** A Tempo of the suite's own; a few seconds to start. */
export async function startTempo(): Promise<Tempo> {
  return await launchTempo(storeBinaries().tempo);
}

function storeBinaries(): StoreBinaries {
  const stores = inject("stores");
  if (stores.type === "ready") return stores.binaries;
  throw new Error(
    `Cannot start Prometheus, Loki or Tempo: ${stores.reason}; use storeTest, which is skipped then`,
  );
}
