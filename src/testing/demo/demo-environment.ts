import type { OtlpReceiver } from "../otlp-receiver/start-otlp-receiver.ts";
import { STUCK_AFTER } from "./story.ts";

/** What a program needs of its surroundings to start at all; the user's own settings must not steer the demo. */
const INHERITED = ["PATH", "HOME", "TZ", "LANG", "SystemRoot"];

type DemoPlaces = {
  readonly kubeconfigPath: string;
  readonly directory: string;
  readonly receiver: Pick<OtlpReceiver, "httpUrl">;
  /** How long the day takes. */
  readonly seconds: number;
};

/** The environment that tells the real program to watch the simulated server and to send to the embedded receiver. */
export function demoEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  { kubeconfigPath, directory, receiver, seconds }: DemoPlaces,
): Readonly<Record<string, string>> {
  const kept = INHERITED.flatMap((name) => {
    const value = inherited[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    TMPDIR: directory,
    KUBECONFIG: kubeconfigPath,
    LIFELINE_RESOURCES: "customresources",
    LIFELINE_CLUSTER_NAME: "demo",
    LIFELINE_HTTP_ADDRESS: "off",
    LIFELINE_STUCK_AFTER: `${Math.max(1000, Math.round(STUCK_AFTER * seconds * 1000))}ms`,
    LIFELINE_METRIC_INTERVAL: "1s",
    LIFELINE_METRIC_HEARTBEAT: "10s",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  };
}
