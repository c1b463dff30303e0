import { defineConfig, type ViteUserConfig } from "vitest/config";

/** `unit` needs nothing; `suites` needs real servers, which test/testbed finds or builds. */
const config: ViteUserConfig = defineConfig({
  test: {
    // Two cores are what a small runner has, and a control plane is busy beside each suite.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "suites",
          include: ["test/**/*.test.ts"],
          globalSetup: "test/testbed/global-setup.ts",
          setupFiles: "test/testbed/end-with-runner.ts",
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // After the units, which then have the machine for themselves.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default config;
