import { formatProblems } from "../configuration-problem.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { readSetup, type Setup } from "../read-setup.ts";
import { VERSION } from "../../util/version.ts";
import { checkCluster } from "./check-cluster.ts";
import { checkExporter, type ExporterFinding } from "./check-exporter.ts";
import { checkStateDirectory } from "./check-state-directory.ts";
import { checkStateFile } from "./check-state-file.ts";
import { checkWatches } from "./check-watches.ts";
import type { CommandOptions } from "./command-table.ts";
import type { Section } from "./finding.ts";
import { formatReport } from "./format-report.ts";
import { lookAtCluster, openClient } from "./look-at-cluster.ts";
import type { Surroundings } from "./surroundings.ts";

type UsableSetup = Exclude<Setup, { readonly type: "invalid" }>;

/** `lifeline check`: says what would work and what would not; the exit code says whether all would. */
export async function runCheck(
  options: CommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { env, home, stdout, stderr } = surroundings;
  const setup = readSetup(env, { home, bareTerminal: stdout.isTerminal });
  if (setup.type === "invalid") {
    stderr.write(formatProblems(setup.problems));
    return EXIT_CODE.wrongConfiguration;
  }
  if (options.has("--state")) {
    const sections = await checkStateFile(setup.configuration);
    return report(sections, surroundings);
  }
  const exporters = await checkExporters(setup, surroundings);
  const sections: readonly Section[] = [
    {
      title: `kube-lifeline ${VERSION}`,
      findings: [{ level: "ok", columns: ["configuration", "every variable is understood"] }],
    },
    ...(await checkAllOfCluster(setup, surroundings)),
    { title: "Collector", findings: exporters },
    {
      title: "State",
      findings: [
        checkStateDirectory(setup.configuration.stateDirectory, surroundings.temporaryDirectory),
      ],
    },
  ];
  const code = report(sections, surroundings);
  return exporters.some(({ isConfiguration }) => isConfiguration)
    ? EXIT_CODE.wrongConfiguration
    : code;
}

function report(sections: readonly Section[], { stdout }: Surroundings): number {
  stdout.write(formatReport(sections, stdout));
  const isWrong = sections.some(({ findings }) => findings.some(({ level }) => level === "fail"));
  return isWrong ? EXIT_CODE.failed : EXIT_CODE.well;
}

async function checkExporters(
  { configuration: { exporters } }: UsableSetup,
  { clock }: Surroundings,
): Promise<readonly ExporterFinding[]> {
  return await Promise.all([
    checkExporter("logs", exporters, clock),
    checkExporter("metrics", exporters, clock),
    checkExporter("traces", exporters, clock),
  ]);
}

async function checkAllOfCluster(
  setup: UsableSetup,
  { clock }: Surroundings,
): Promise<readonly Section[]> {
  const { configuration } = setup;
  if (setup.type === "failed") {
    const { message } = setup.error;
    const advice =
      "correct the kubeconfig if one is named, else set KUBECONFIG, or run it in a pod with a service account";
    const finding = { level: "fail", columns: ["no cluster"], details: [message], advice } as const;
    return [{ title: "Cluster", findings: [finding] }];
  }
  const { credentials } = setup;
  await using client = openClient(credentials, clock);
  const view = await lookAtCluster(client, credentials, { configuration, clock });
  const watches = view.type === "seen" ? await checkWatches(view, configuration) : [];
  return [await checkCluster(view, credentials), ...watches];
}
