import { type NamespaceSelection, parseNamespacePatterns } from "../cluster/namespace-patterns.ts";
import {
  parseResourcePatterns,
  type PatternProblem,
  type ResourcePattern,
} from "../cluster/resource-patterns.ts";
import { parseShard, type Shard } from "../cluster/shard.ts";
import type { Severity } from "../lifecycle/signal.ts";
import { type HttpAddress, parseHttpAddress } from "./http-address.ts";
import { parseLabelSelector } from "./label-selector.ts";
import type { OwnLogLevel } from "./own-log.ts";
import { parseResourceAttributes } from "./resource-attributes.ts";
import {
  choice,
  duration,
  type ParsedValue,
  parsedBy,
  size,
  splitList,
  text,
  type ValueType,
} from "./value-type.ts";

/** What the variables of the table say, each by itself, before the values are put together. */
export type VariableValues = {
  /** One or more paths, separated as in `PATH`. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  readonly allProxy: string | undefined;
  readonly noProxy: string | undefined;
  readonly resources: readonly ResourcePattern[];
  readonly namespaces: NamespaceSelection;
  readonly labelSelector: string | undefined;
  readonly shard: Shard | undefined;
  readonly stateDirectory: string | undefined;
  readonly initial: "summary" | "all" | "none";
  readonly logSeverity: Severity;
  readonly metricIntervalMs: number;
  readonly metricHeartbeatMs: number;
  readonly stuckAfterMs: number;
  readonly traceMaxMs: number;
  readonly tracesSampler: TracesSampler;
  readonly tracesSamplerArg: number | undefined;
  readonly outboxMaxBytes: number;
  readonly clusterName: string | undefined;
  readonly httpAddress: HttpAddress;
  readonly shutdownTimeoutMs: number;
  readonly mode: Mode;
  readonly ownLogLevel: OwnLogLevel;
  readonly serviceName: string | undefined;
  readonly resourceAttributes: Readonly<Record<string, string>>;
};

/** OpenTelemetry's samplers; nothing here has a parent, so that those which ask for it decide like their roots. */
const TRACES_SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
type TracesSampler = (typeof TRACES_SAMPLERS)[number];

/** Whose pod it is: our own, or an operator's, which must stay up whatever becomes of us. */
export type Mode = "deployment" | "sidecar";

/** One environment variable: the source of parsing, `--help` and docs/configuration.md. */
export type Variable<T> = {
  readonly name: string;
  /** Holds where `name` is not set. */
  readonly otherName?: string;
  readonly section: Section;
  readonly type: ValueType<T>;
  readonly whenUnset: WhenUnset;
  /** Sentences for people, in Markdown that reads well as plain text too. */
  readonly help: string;
};

/** `value`: as if this text had been set. `absent`: nothing. `says` is for people, in Markdown. */
type WhenUnset = WhenUnsetValue | WhenUnsetAbsent;
type WhenUnsetValue = { readonly type: "value"; readonly text: string; readonly says?: string };
type WhenUnsetAbsent = { readonly type: "absent"; readonly says: string };

/** Headings of the help text, in their order. */
export const SECTIONS = [
  "What is watched",
  "What is told",
  "Where it goes",
  "The process",
] as const;
type Section = (typeof SECTIONS)[number];

/** A row per field; only fields that take `undefined` may have no value when unset. */
type VariableTable = {
  readonly [Field in keyof VariableValues]: Variable<Exclude<VariableValues[Field], undefined>> & {
    readonly whenUnset: undefined extends VariableValues[Field] ? WhenUnsetAbsent : WhenUnsetValue;
  };
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Shorter intervals would cost more than they tell. */
const INTERVAL_MIN_MS = 100;
/** Prometheus forgets a series after five minutes of silence; a point on its way must still arrive before. */
const HEARTBEAT_MAX_MS = 4 * MINUTE_MS;
/** Longer than any terminationGracePeriodSeconds that makes sense. */
const SHUTDOWN_TIMEOUT_MAX_MS = 10 * MINUTE_MS;
/** Less would not hold what one commit says. */
const OUTBOX_MIN_BYTES = 64 * 1024;
/** More than a collector that comes back could take within a day. */
const OUTBOX_MAX_BYTES = 64 * 1024 ** 3;

/** What nobody waits for any longer is not stuck but forgotten. */
const STUCK_AFTER_MAX_MS = 7 * 24 * 60 * MINUTE_MS;

/** Only the one that is needed must be right: others may be meant for other programs. */
const proxy = text("the URL of an http or https proxy, such as http://proxy.example.com:3128");

/** Every variable but those of exporters, which otlp/exporter-options.ts reads. In the order of the help text. */
export const VARIABLES: VariableTable = {
  kubeconfig: {
    name: "KUBECONFIG",
    section: "What is watched",
    type: text("path of a kubeconfig file"),
    whenUnset: { type: "absent", says: "in-cluster, else `~/.kube/config`" },
    help: "Which cluster, which identity: a kubeconfig file, or several separated by `:`.",
  },
  context: {
    name: "LIFELINE_CONTEXT",
    section: "What is watched",
    type: text("name of a context in the kubeconfig"),
    whenUnset: { type: "absent", says: "the kubeconfig's current context" },
    help: "Which context of the kubeconfig.",
  },
  httpsProxy: {
    name: "HTTPS_PROXY",
    otherName: "https_proxy",
    section: "The process",
    type: proxy,
    whenUnset: { type: "absent", says: "`https_proxy`, else `ALL_PROXY`" },
    help:
      "A proxy on the way to an API server whose address begins with `https:`, with `name:password@` in it where the proxy asks for them. " +
      "The kubeconfig's `proxy-url` comes first; an API server on this machine's loopback is reached directly. What goes to the collector takes no proxy.",
  },
  httpProxy: {
    name: "HTTP_PROXY",
    otherName: "http_proxy",
    section: "The process",
    type: proxy,
    whenUnset: { type: "absent", says: "`http_proxy`, else `ALL_PROXY`" },
    help: "The same for an API server whose address begins with `http:`.",
  },
  allProxy: {
    name: "ALL_PROXY",
    otherName: "all_proxy",
    section: "The process",
    type: proxy,
    whenUnset: { type: "absent", says: "`all_proxy`" },
    help: "The same for both.",
  },
  noProxy: {
    name: "NO_PROXY",
    otherName: "no_proxy",
    section: "The process",
    type: text(
      "a comma-separated list such as example.com,.cluster.local,10.0.0.0/8,[fd00::1]:6443",
    ),
    whenUnset: { type: "absent", says: "`no_proxy`" },
    help:
      "API servers that the variables above do not concern: a name means itself and all below it, one with a leading `.` or `*.` only what is below; addresses, " +
      "ranges such as `10.0.0.0/8`, `*` for all; names and addresses may end in `:port`.",
  },
  resources: {
    name: "LIFELINE_RESOURCES",
    section: "What is watched",
    type: parsedBy(
      "a comma-separated list such as customresources, pods, deployments.apps, *.gateway.example.com, !leases.coordination.k8s.io",
      readResources,
    ),
    whenUnset: { type: "value", text: "customresources" },
    help:
      "What to watch: `plural.group`, bare `pods` for the core group, `*` globs in either part (`*.gateway.example.com`), " +
      "`customresources` for every kind that a CRD serves, `!` in front excludes. Globs never match secrets, events, leases, endpoints, " +
      "endpointslices, nor a shipped list of machine-made kinds; naming one includes it.",
  },
  namespaces: {
    name: "LIFELINE_NAMESPACES",
    section: "What is watched",
    type: parsedBy(
      "a comma-separated list of names, or of globs and exclusions such as prod-*, !prod-scratch",
      readNamespaces,
    ),
    whenUnset: { type: "value", text: "", says: "all" },
    help:
      "Names give one namespaced watch each, so that a Role suffices; globs or `!` give a cluster-wide watch that is filtered here. " +
      "Cluster-scoped kinds are unaffected.",
  },
  labelSelector: {
    name: "LIFELINE_LABEL_SELECTOR",
    section: "What is watched",
    type: parsedBy(
      "a label selector such as tier=gold,env in (prod,stage),!scratch",
      parseLabelSelector,
    ),
    whenUnset: { type: "absent", says: "–" },
    help: "Passed to the API server with every list and watch.",
  },
  shard: {
    name: "LIFELINE_SHARD",
    section: "What is watched",
    type: parsedBy("which share, counted from 0, of how many, such as 0/3", parseShard),
    whenUnset: { type: "absent", says: "all objects" },
    help:
      "This instance's share of the objects: with `0/3`, `1/3` and `2/3` three instances tell each object once. Each reads the whole stream, and keeps and tells " +
      "its share, a range of the 64-bit FNV-1a hash of the UIDs; counts and other sums over objects carry `lifeline.shard`. After a change of it what is in both " +
      "shares goes on, what is in the new one alone is a first look, and the rest is forgotten without records.",
  },
  stateDirectory: {
    name: "LIFELINE_STATE_DIR",
    section: "The process",
    type: text("path of a directory"),
    whenUnset: { type: "absent", says: "a private temporary directory" },
    help:
      "Where history lives; a volume makes it survive restarts. The temporary directory is removed at exit. It takes what the objects need (twice that at " +
      "most while the outbox is full), LIFELINE_OUTBOX_MAX and a tenth of it, 16 MiB of refused records and 12 MiB besides; files that were set aside stay until somebody deletes them.",
  },
  initial: {
    name: "LIFELINE_INITIAL",
    section: "What is told",
    type: choice(["summary", "all", "none"]),
    whenUnset: { type: "value", text: "summary" },
    help:
      "What a first look without history emits: `summary` one record per kind and one for each unhealthy object (at most 20 per kind and 200 in all), " +
      "`all` one record per object, `none` nothing.",
  },
  logSeverity: {
    name: "LIFELINE_LOG_SEVERITY",
    section: "What is told",
    type: choice(["DEBUG", "INFO", "WARN", "ERROR"]),
    whenUnset: { type: "value", text: "INFO" },
    help: "Records below it are not sent.",
  },
  metricIntervalMs: {
    name: "LIFELINE_METRIC_INTERVAL",
    section: "What is told",
    type: duration({ minMs: INTERVAL_MIN_MS, maxMs: HEARTBEAT_MAX_MS }),
    whenUnset: { type: "value", text: "5s" },
    help: "How soon a changed series is exported.",
  },
  metricHeartbeatMs: {
    name: "LIFELINE_METRIC_HEARTBEAT",
    section: "What is told",
    type: duration({ minMs: INTERVAL_MIN_MS, maxMs: HEARTBEAT_MAX_MS }),
    whenUnset: { type: "value", text: "60s" },
    help:
      "How often an unchanged series is sent again; at least `LIFELINE_METRIC_INTERVAL`, and well under the five minutes " +
      "after which Prometheus calls a series stale.",
  },
  stuckAfterMs: {
    name: "LIFELINE_STUCK_AFTER",
    section: "What is told",
    type: duration({ minMs: SECOND_MS, maxMs: STUCK_AFTER_MAX_MS }),
    whenUnset: { type: "value", text: "10m" },
    help: "An object that is progressing, degraded or failed for so long is reported stuck, once per generation.",
  },
  traceMaxMs: {
    name: "LIFELINE_TRACE_MAX",
    section: "What is told",
    type: duration({ minMs: SECOND_MS, maxMs: STUCK_AFTER_MAX_MS }),
    whenUnset: { type: "value", text: "6h" },
    help: "Work that is not done after so long ends its trace as `timed_out`.",
  },
  tracesSampler: {
    name: "OTEL_TRACES_SAMPLER",
    section: "What is told",
    type: choice(TRACES_SAMPLERS),
    whenUnset: { type: "value", text: "always_on" },
    help:
      "Which traces are sent, decided on the trace id, so that every replica decides alike. Nothing here has a parent: `parentbased_…` is as without. " +
      "Records keep the ids of a trace that is not sent, without the flag that says that it is.",
  },
  tracesSamplerArg: {
    name: "OTEL_TRACES_SAMPLER_ARG",
    section: "What is told",
    type: parsedBy("a number from 0 to 1", readRatio),
    whenUnset: { type: "absent", says: "`1`" },
    help: "The share of all traces that `traceidratio` sends.",
  },
  clusterName: {
    name: "LIFELINE_CLUSTER_NAME",
    section: "What is told",
    type: text("a name"),
    whenUnset: { type: "absent", says: "`k8s.cluster.name` of `OTEL_RESOURCE_ATTRIBUTES`" },
    help: "`k8s.cluster.name` on everything that is sent.",
  },
  serviceName: {
    name: "OTEL_SERVICE_NAME",
    section: "Where it goes",
    type: text("a name"),
    whenUnset: {
      type: "absent",
      says: "`service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else `kube-lifeline`",
    },
    help: "`service.name` on everything that is sent.",
  },
  resourceAttributes: {
    name: "OTEL_RESOURCE_ATTRIBUTES",
    section: "Where it goes",
    type: parsedBy(
      "key=value pairs separated by commas, percent-encoded where they hold commas",
      parseResourceAttributes,
    ),
    whenUnset: { type: "value", text: "", says: "–" },
    help: "More attributes of the OTLP resource, as in the OpenTelemetry specification.",
  },
  outboxMaxBytes: {
    name: "LIFELINE_OUTBOX_MAX",
    section: "Where it goes",
    type: size({ minBytes: OUTBOX_MIN_BYTES, maxBytes: OUTBOX_MAX_BYTES }),
    whenUnset: { type: "value", text: "256MiB" },
    help:
      "Bound of the log records and spans that wait for the collector, on disk. Beyond it spans are lost and counted (they take half of it at most); of records nothing is but the single steps: once the collector has taken " +
      "a fifth, each object that changed tells one net change with `lifeline.collapsed`, the number of changes that it stands for; an object that came and went is only counted.",
  },
  httpAddress: {
    name: "LIFELINE_HTTP_ADDRESS",
    section: "The process",
    type: parsedBy("host:port such as 0.0.0.0:8686, :8686 or [::]:8686, or off", parseHttpAddress),
    whenUnset: { type: "value", text: "0.0.0.0:8686" },
    help: "Where `/livez` and `/readyz` answer, and `/state` and `/dead-letters` to this machine alone; `off` closes it.",
  },
  shutdownTimeoutMs: {
    name: "LIFELINE_SHUTDOWN_TIMEOUT",
    section: "The process",
    type: duration({ minMs: 0, maxMs: SHUTDOWN_TIMEOUT_MAX_MS }),
    whenUnset: { type: "value", text: "10s" },
    help: "How long SIGTERM waits for the collector; what it did not take stays in the state directory.",
  },
  mode: {
    name: "LIFELINE_MODE",
    section: "The process",
    type: choice(["deployment", "sidecar"]),
    whenUnset: { type: "value", text: "deployment" },
    help:
      "`sidecar` keeps an operator's pod up: a wrong configuration is reported, on stderr and at `/readyz`, and idled on until SIGTERM " +
      "instead of exiting 2; what would exit 1, or 2 for a file that is named and not as it should be, is reported and tried again, within two minutes; without its port it goes on without `/livez` and `/readyz`.",
  },
  ownLogLevel: {
    name: "LIFELINE_OWN_LOG_LEVEL",
    section: "The process",
    type: choice(["debug", "info", "warn", "error"]),
    whenUnset: { type: "value", text: "info" },
    help: "The process's own JSON lines on stderr; `warn` and above also go to the collector, as records of scope `kube-lifeline.self`.",
  },
};

/** What a variable's row in the help text and in docs/configuration.md says. */
export type VariableFacts = {
  readonly name: string;
  readonly section: string;
  /** In Markdown. */
  readonly byDefault: string;
  readonly wanted: string;
  readonly help: string;
};

/** The rest of the contract: refused with a word of their own, so that nobody believes that they work. */
export const VARIABLES_OF_LATER_VERSIONS: readonly string[] = [
  "LIFELINE_CONFIG",
  "LIFELINE_EVENTS",
  "LIFELINE_IDENTITY",
  "LIFELINE_KSM_CONFIG",
  "LIFELINE_LEADERSHIP",
  "LIFELINE_LEASE",
  "LIFELINE_PROMETHEUS",
  "LIFELINE_SERIES_MAX",
];

function readRatio(input: string): ParsedValue<number> {
  const ratio = /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(input) ? Number(input) : Number.NaN;
  return ratio >= 0 && ratio <= 1
    ? { type: "valid", value: ratio }
    : { type: "invalid", why: "not a number from 0 to 1" };
}

function readResources(input: string): ParsedValue<readonly ResourcePattern[]> {
  const parsed = parseResourcePatterns(splitList(input));
  return parsed.type === "patterns"
    ? { type: "valid", value: parsed.patterns }
    : wrongItems(parsed.problems);
}

function readNamespaces(input: string): ParsedValue<NamespaceSelection> {
  const parsed = parseNamespacePatterns(splitList(input));
  return parsed.type === "namespaces"
    ? { type: "valid", value: parsed.namespaces }
    : wrongItems(parsed.problems);
}

function wrongItems(problems: readonly PatternProblem[]): {
  readonly type: "invalid";
  readonly why: string;
} {
  return {
    type: "invalid",
    why: problems.map(({ value, message }) => `${JSON.stringify(value)} ${message}`).join("; "),
  };
}
