import * as v from "valibot";
import { type ExporterOptions, parseExporterOptions } from "../otlp/exporter-options.ts";
import { nearestName } from "../util/nearest-name.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import type { HttpAddress } from "./http-address.ts";
import { formatDurationSetting } from "./value-type.ts";
import {
  type Mode,
  type Variable,
  VARIABLES,
  VARIABLES_OF_LATER_VERSIONS,
  type VariableValues,
} from "./variables.ts";

/** Everything that users can set, checked and put together. */
export type Configuration = Omit<VariableValues, "serviceName"> & {
  readonly serviceName: string;
  /** `LIFELINE_CLUSTER_NAME`, else `k8s.cluster.name` of `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly clusterName: string | undefined;
  /** What `OTEL_RESOURCE_ATTRIBUTES` says besides the service's and the cluster's names. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly exporters: ExporterOptions;
};

export type ConfigurationResult =
  | { readonly type: "valid"; readonly configuration: Configuration }
  | { readonly type: "invalid"; readonly problems: readonly ConfigurationProblem[] };

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SERVICE_NAME = "kube-lifeline";
const PREFIX = "LIFELINE_";

/**
 * Reads the environment: a configuration, or all problems at once. A variable that is set to nothing counts as unset
 * (OpenTelemetry's rule for its variables, kept for ours).
 *
 * `bareTerminal`: stdout is a terminal; without an OTLP endpoint the exporters then default to `console`.
 */
export function readConfiguration(
  env: Environment,
  options: { readonly bareTerminal: boolean },
): ConfigurationResult {
  const { values, problems: wrong } = readVariables(env);
  const exporters = parseExporterOptions(env, options);
  const problems = [...unknownVariables(env), ...wrong, ...contradictions(values)];
  if ("problems" in exporters) {
    const wrongExporters = exporters.problems.map(({ variable, value, message }) => ({
      variable,
      seen: value,
      why: message,
    }));
    return { type: "invalid", problems: [...problems, ...wrongExporters] };
  }
  if (problems.length > 0) return { type: "invalid", problems };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a problem each row of the table gave its field a value, or the field takes `undefined`
  const complete = values as VariableValues;
  return { type: "valid", configuration: putTogether(complete, exporters.options) };
}

/** What must be known even where the rest of the configuration is wrong; each is `undefined` if it is wrong itself. */
export function readMode(env: Environment): {
  readonly mode: Mode | undefined;
  readonly httpAddress: HttpAddress | undefined;
} {
  const { mode, httpAddress } = readVariables(env).values;
  return { mode, httpAddress };
}

/** What a variable is set to, trimmed; set to nothing is unset. */
export function setText(
  { name, otherName }: Pick<Variable<unknown>, "name" | "otherName">,
  env: Environment,
): string | undefined {
  for (const each of otherName === undefined ? [name] : [name, otherName]) {
    const text = env[each]?.trim() ?? "";
    if (text !== "") return text;
  }
  return undefined;
}

type Read = {
  readonly values: Partial<VariableValues>;
  readonly problems: readonly ConfigurationProblem[];
};

function readVariables(env: Environment): Read {
  const values: Record<string, unknown> = {};
  const problems: ConfigurationProblem[] = [];
  for (const [field, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const input = textOf(variable, env);
    if (input === undefined) continue;
    const parsed = v.safeParse(variable.type.schema, input);
    if (parsed.success) values[field] = parsed.output;
    else problems.push(wrongValue(variable, input, parsed.issues[0].message));
  }
  // The table's type has one row per field, and each row's schema gives that field's type.
  return { values, problems };
}

function textOf(variable: Variable<unknown>, env: Environment): string | undefined {
  const set = setText(variable, env);
  if (set !== undefined) return set;
  return variable.whenUnset.type === "value" ? variable.whenUnset.text : undefined;
}

function wrongValue(variable: Variable<unknown>, seen: string, why: string): ConfigurationProblem {
  const nearest =
    variable.type.choices === undefined ? undefined : nearestName(seen, variable.type.choices);
  return {
    variable: variable.name,
    seen,
    why,
    wanted: variable.type.wanted,
    ...(nearest === undefined ? {} : { nearest }),
  };
}

/** What is wrong only together. */
function contradictions({
  metricIntervalMs,
  metricHeartbeatMs,
}: Partial<VariableValues>): readonly ConfigurationProblem[] {
  if (
    metricIntervalMs === undefined ||
    metricHeartbeatMs === undefined ||
    metricHeartbeatMs >= metricIntervalMs
  )
    return [];
  const interval = formatDurationSetting(metricIntervalMs);
  return [
    {
      variable: VARIABLES.metricHeartbeatMs.name,
      seen: formatDurationSetting(metricHeartbeatMs),
      why: `shorter than ${VARIABLES.metricIntervalMs.name}, which is ${interval}`,
      wanted: `a duration of at least ${interval}`,
    },
  ];
}

function unknownVariables(env: Environment): readonly ConfigurationProblem[] {
  const known = Object.values<Variable<unknown>>(VARIABLES).map((variable) => variable.name);
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith(PREFIX) &&
        env[name] !== undefined &&
        !isInjected(name) &&
        !known.includes(name),
    )
    .map((name) => unknownVariable(name, known));
}

/** Its value stays unsaid: nobody knows what it is, so it may be a secret. */
function unknownVariable(variable: string, known: readonly string[]): ConfigurationProblem {
  if (VARIABLES_OF_LATER_VERSIONS.includes(variable))
    return { variable, why: "not supported by this version yet: unset it" };
  // Compared without the prefix, which all share and which would make any two names look alike.
  const candidates = known
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));
  const nearest = nearestName(variable.slice(PREFIX.length), candidates);
  return {
    variable,
    why: "not a known variable",
    ...(nearest === undefined ? {} : { nearest: `${PREFIX}${nearest}` }),
  };
}

/** Kubernetes sets these in every pod of a namespace that has a Service named lifeline. */
function isInjected(name: string): boolean {
  return (
    name === "LIFELINE_PORT" ||
    name.startsWith("LIFELINE_PORT_") ||
    name.startsWith("LIFELINE_SERVICE_")
  );
}

function putTogether(values: VariableValues, exporters: ExporterOptions): Configuration {
  const {
    "service.name": serviceName,
    "k8s.cluster.name": clusterName,
    ...resourceAttributes
  } = values.resourceAttributes;
  return {
    ...values,
    serviceName: values.serviceName ?? serviceName ?? DEFAULT_SERVICE_NAME,
    clusterName: values.clusterName ?? clusterName,
    resourceAttributes,
    exporters,
  };
}
