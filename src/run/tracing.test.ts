import { expect, test } from "vitest";
import { sha256 } from "../util/sha256.ts";
import { readConfiguration } from "./configuration.ts";
import { tracingOf } from "./tracing.ts";

const IDS = Array.from({ length: 1_000 }, (_, index) => sha256(String(index)).slice(0, 32));

test.each([
  [{}, 1],
  [{ OTEL_TRACES_SAMPLER: "always_off" }, 0],
  [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, 0],
  [{ OTEL_TRACES_SAMPLER: "Parentbased_Always_On" }, 1],
  [{ OTEL_TRACES_SAMPLER: "traceidratio" }, 1],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.5" }, 0.5],
  [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: ".5" }, 0.5],
  [{ OTEL_TRACES_EXPORTER: "none" }, 0],
])("with %j a share of %d of the traces is sent", (env, share) => {
  const read = readConfiguration(env, { bareTerminal: false });
  if (read.type === "invalid") throw new Error(JSON.stringify(read.problems));

  const { isSampled, maxMs } = tracingOf(read.configuration);

  expect(IDS.filter(isSampled).length / IDS.length).toBeCloseTo(share, 1);
  expect(maxMs).toBe(6 * 3_600_000);
});

test.each(["2", "-1", "half", "1e-1"])("a share of %j is refused", (share) => {
  const read = readConfiguration({ OTEL_TRACES_SAMPLER_ARG: share }, { bareTerminal: false });

  expect(read).toMatchObject({
    type: "invalid",
    problems: [
      { variable: "OTEL_TRACES_SAMPLER_ARG", seen: share, why: "not a number from 0 to 1" },
    ],
  });
});
