import { defineConfig, type ViteUserConfig } from "vitest/config";
import { LongestFirst } from "./test/testbed/longest-first.ts";

/** What needs real servers, which test/testbed finds or builds: once per project, and only if one of its suites is to run. */
const onRealServers = {
  setupFiles: "test/testbed/end-with-runner.ts",
  // Against what hangs: a suite takes seconds, but a machine may be slow or busy.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // After the units, which then have the machine for themselves.
  sequence: { groupOrder: 1 },
};

/**
 * `unit` needs nothing, `suites` a control plane and a collector, `versions` the oldest supported API server besides,
 * `stores` Prometheus, Loki and Tempo.
 */
const config: ViteUserConfig = defineConfig({
  test: {
    // Two cores are what a small runner has, and a control plane is busy beside each suite.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "bench/**/*.test.ts"],
          // Against what hangs; none is slow, but a machine may be.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          ...onRealServers,
          name: "suites",
          include: ["test/**/*.test.ts"],
          exclude: ["test/otel-collector/**", "test/versions.test.ts"],
          globalSetup: "test/testbed/global-setup.ts",
        },
      },
      {
        extends: true,
        test: {
          ...onRealServers,
          name: "versions",
          include: ["test/versions.test.ts"],
          globalSetup: ["test/testbed/global-setup.ts", "test/testbed/versions-setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          ...onRealServers,
          name: "stores",
          include: ["test/otel-collector/**/*.test.ts"],
          globalSetup: ["test/testbed/global-setup.ts", "test/testbed/stores-setup.ts"],
        },
      },
    ],
  },
});

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default config;
