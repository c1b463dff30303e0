import type { ClusterReport } from "../cluster/report.ts";
import type { PipelineReport } from "../pipeline/report.ts";
import type { Readiness } from "./readiness.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/**
 * Passes reports on to the telemetry of the moment (until the cluster is known, there are no self-metrics), and what
 * keeps the start waiting to `/readyz`.
 */
export class Reporter {
  #telemetry: Telemetry;
  readonly #readiness: Readiness;

  constructor(telemetry: Telemetry, readiness: Readiness) {
    this.#telemetry = telemetry;
    this.#readiness = readiness;
  }

  readonly report = (report: PipelineReport): void => {
    if (report.type === "discovery-failed") this.#readiness.waiting(report.error);
    this.#telemetry.reportPipeline(report);
  };

  readonly reportCluster = (report: ClusterReport): void => this.#telemetry.reportCluster(report);

  use(telemetry: Telemetry): void {
    this.#telemetry = telemetry;
  }
}
