import type { Meter } from "@opentelemetry/api";
import type { ClusterReport } from "../../cluster/report.ts";
import type { PipelineReport } from "../../pipeline/report.ts";
import type { Clock } from "../../util/clock.ts";
import type { OwnLog } from "../own-log.ts";
import { type Count, countClusterReport, countPipelineReport } from "./count-report.ts";
import { RepetitionGuard } from "./repetition-guard.ts";
import { createSelfMetrics, type SelfMetrics } from "./self-metrics.ts";
import { wordClusterReport } from "./word-cluster-report.ts";
import { wordPipelineReport } from "./word-pipeline-report.ts";
import type { Wording } from "./wording.ts";

/** Where the stages' reports go: each is counted, and told to people as often as they want to hear it. */
export type Telemetry = {
  readonly reportCluster: (report: ClusterReport) => void;
  readonly reportPipeline: (report: PipelineReport) => void;
};

export type TelemetryOptions = {
  readonly ownLog: OwnLog;
  readonly meter: Meter;
  readonly clock: Pick<Clock, "now">;
  /** What was said before, if another telemetry said it. */
  readonly guard?: RepetitionGuard;
};

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const metrics = createSelfMetrics(options.meter);
  const guard = options.guard ?? new RepetitionGuard();
  const tell = (wording: Wording): void => speak(wording, guard, options);
  return {
    reportCluster: (report) => {
      for (const count of countClusterReport(report)) apply(count, metrics);
      tell(wordClusterReport(report));
    },
    reportPipeline: (report) => {
      for (const count of countPipelineReport(report)) apply(count, metrics);
      tell(wordPipelineReport(report));
    },
  };
}

function apply(count: Count, metrics: SelfMetrics): void {
  if (count.type === "add") metrics.add(count.name, count.by, count.attributes);
  else metrics.record(count.name, count.value, count.attributes);
}

function speak(wording: Wording, guard: RepetitionGuard, options: TelemetryOptions): void {
  if (wording.type === "silent") return;
  const { level, message, fields, repetition } = wording;
  if (repetition === undefined) return options.ownLog.log(level, message, fields);
  const decision = guard.decide(repetition, options.clock.now());
  if (decision.type === "hold") return;
  options.ownLog.log(
    level,
    message,
    decision.repeats === 0 ? fields : { ...fields, repeats: decision.repeats },
  );
}
