import type { TraceOptions } from "../lifecycle/fold.ts";
import { createSampler } from "../lifecycle/traces/sampler.ts";
import { unreachable } from "../util/unreachable.ts";
import type { Configuration } from "./configuration.ts";

/** Which traces are sent, and when work that does not end is given up; where none are sent, no record says that one is. */
export function tracingOf(
  configuration: Pick<
    Configuration,
    "traceMaxMs" | "tracesSampler" | "tracesSamplerArg" | "exporters"
  >,
): TraceOptions {
  const { traceMaxMs: maxMs, exporters } = configuration;
  const ratio = exporters.traces.type === "none" ? 0 : ratioOf(configuration);
  return { maxMs, isSampled: createSampler(ratio) };
}

function ratioOf({
  tracesSampler,
  tracesSamplerArg,
}: Pick<Configuration, "tracesSampler" | "tracesSamplerArg">): number {
  switch (tracesSampler) {
    case "always_on":
    case "parentbased_always_on":
      return 1;
    case "always_off":
    case "parentbased_always_off":
      return 0;
    case "traceidratio":
    case "parentbased_traceidratio":
      return tracesSamplerArg ?? 1;
    default:
      return unreachable(tracesSampler);
  }
}
