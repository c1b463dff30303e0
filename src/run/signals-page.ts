import {
  ATTRIBUTES,
  COMMON_RECORD_ATTRIBUTES,
  OBJECT_SERIES_ATTRIBUTES,
  SUM_SERIES_ATTRIBUTES,
} from "../lifecycle/attribute-table.ts";
import { KSTATUS_DEVIATIONS } from "../lifecycle/health/deviations.ts";
import { LOG_RECORDS, METRICS } from "../lifecycle/signal-table.ts";
import { COMMON_SPAN_ATTRIBUTES, SPANS } from "../lifecycle/span-table.ts";
import { markdownTable } from "../util/markdown-table.ts";
import { type PrometheusKind, prometheusName } from "../util/prometheus-name.ts";
import {
  COUNTERS,
  GAUGES,
  HISTOGRAMS,
  OBSERVED_COUNTERS,
  type SelfMetricFacts,
} from "./telemetry/self-metrics.ts";

/** docs/signals.md, made from the tables that the program itself tells by. */
export function renderSignalsPage(): string {
  return [
    INTRODUCTION,
    RECORDS,
    recordTable(),
    `Every record about an object also has, as far as the object has them: ${codes(COMMON_RECORD_ATTRIBUTES)}. Those about Pods, Deployments\nand other kinds that OpenTelemetry has a name for have it, too: \`k8s.pod.name\`, \`k8s.deployment.name\` and so on.\n`,
    METRICS_TEXT,
    metricTable(),
    `Every series about an object has ${codes(OBJECT_SERIES_ATTRIBUTES)}; every series about a kind ${codes(SUM_SERIES_ATTRIBUTES)}; histograms have no namespace.\n`,
    TRACES,
    spanTable(),
    `Every root has the attributes that records about its object have, too; every span has ${codes(COMMON_SPAN_ATTRIBUTES)}.\n`,
    "## Attributes\n",
    attributeTable(),
    HEALTH,
    deviationTable(),
    SELF,
    selfMetricTable(),
  ].join("\n");
}

const INTRODUCTION = `<!-- Made by docs/generate.ts: do not edit. -->

# Signals

What kube-lifeline sends over OTLP. This page is generated from the tables that the program itself uses. Until version 1.0 everything marked
_experimental_ may change; from then on, a change of what is _stable_ is a breaking change.

The resource of records and spans has \`service.name\`, \`service.version\`, \`k8s.namespace.name\` of the object, and \`k8s.cluster.name\` and
\`k8s.cluster.uid\` where they are known; that of metrics the same without the namespace. The scope is \`kube-lifeline\` and its version.
`;

const RECORDS = `## Log records

The name stands in the record's \`EventName\`. \`Timestamp\` is when it happened by the cluster's own clock, unless that is more than 50 minutes past or
1 minute ahead: then it is the time observed, and the original stands in \`lifeline.event_time\`. \`ObservedTimestamp\` is when kube-lifeline saw it,
and stays the same however often a record is sent. \`Body\` is one sentence for people.
`;

const METRICS_TEXT = `## Metrics

Gauges of an object live exactly as long as the object: what ends is marked as ended (\`NoRecordedValue\`) within one
\`LIFELINE_METRIC_INTERVAL\`. A change is sent within that interval, everything else again every \`LIFELINE_METRIC_HEARTBEAT\`. The last column is
the name that Prometheus gives by default to what it takes by OTLP; in names of attributes, too, it makes dots to underscores.
`;

const TRACES = `## Traces

One trace per object and generation, sent once, when the work ended: what is in progress is not to be seen yet, but its records already have its
ids. Ids are hashes of the object's UID, the role, the generation and an ordinal: every replica gives the same. Without an observedGeneration only a
transition since ends it as current, one that was seen or that a condition's own time tells of a while when nobody watched; objects that show neither give no trace, and neither does what was finished before the first look.
Spans go by the time observed where kube-lifeline watched, and by what the cluster recorded where it did not, unless that is from before the work
began; status Error, with the object's own message,
is for what failed alone. A trace context in an annotation (\`tracing.k8s.io/traceparent\`, \`traceparent\`, \`tekton.dev/pipelinerunSpanContext\`,
\`opentelemetry.io/trace-context\`) becomes a link of the root, with \`lifeline.link.annotation\`. At most 500 spans. Experimental.

A trace that is sent again because an acknowledgement was lost is the same as before. Tempo 2.8 shows it once if it had written the first copy by
then, as it does when nothing came for \`trace_idle_period\` (10s); if not, it keeps both, and shows each span twice. In TraceQL a double wants its decimal
point: \`span.lifeline.duration > 2.0\`; compared with \`2\` it finds nothing.

What a trace does not tell:

- Work that failed is over. If the object recovers at the same generation, within \`LIFELINE_TRACE_MAX\`, that is a disruption; if it does not, no more is told.
  The end of what was told as \`timed_out\` is in its records alone, deletions included.
- Work that is switched off before it is done (suspended, paused) gives no trace.
- What is found on its way at a first look is told from its creation, or from the last write of its spec, though it may have been well in between.
- Children are at most 100 of each owner that exist when its work ends, and 20 that went meanwhile; of what went after its own owner did, or before
  its owner's work was seen to begin, nobody knows any more. Of one whose work was not seen its span goes by
  what it recorded, in whole seconds. With \`LIFELINE_SHARD\` a child may be in another shard than its owner, and is then not in its trace.
- Spans take at most half of \`LIFELINE_OUTBOX_MAX\`. A trace that finds no room is lost, and counted by \`lifeline.outbox.dropped\`.
`;

const HEALTH = `## Health

\`lifeline.health\` is derived as [kstatus](https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus) does it, in words of its own:
Current is \`current\`, InProgress \`progressing\`, Failed \`failed\`, Terminating \`terminating\`. It says something else only in these cases:
`;

const SELF = `## About itself

With \`service.instance.id\` in the resource. What the process has to say at WARN and above is also sent as log records, of scope
\`kube-lifeline.self\`; their wording is no contract.
`;

function recordTable(): string {
  const rows = Object.entries(LOG_RECORDS).map(([name, facts]) => [
    code(name),
    facts.description,
    facts.severity,
    codes(facts.attributes),
    facts.stability,
  ]);
  return markdownTable(["EventName", "when", "severity", "attributes", "stability"], rows);
}

function metricTable(): string {
  const rows = Object.entries(METRICS).map(([name, facts]) => [
    code(name),
    facts.kind,
    unitCell(facts.unit),
    facts.description,
    codes(facts.attributes),
    facts.stability,
    code(prometheusName(name, facts)),
  ]);
  return markdownTable(
    ["name", "type", "unit", "value", "attributes besides", "stability", "in Prometheus"],
    rows,
  );
}

function spanTable(): string {
  const rows = SPANS.map(({ name, when, attributes }) => [code(name), when, codes(attributes)]);
  return markdownTable(["span", "when", "attributes besides"], rows);
}

function attributeTable(): string {
  const rows = Object.entries(ATTRIBUTES).map(([name, { type, description }]) => [
    code(name),
    type,
    description,
  ]);
  return markdownTable(["attribute", "type", "what it holds"], rows);
}

function deviationTable(): string {
  const rows = KSTATUS_DEVIATIONS.map(({ when, kstatus, ours, because }) => [
    when,
    kstatus,
    ours,
    because,
  ]);
  return markdownTable(["when", "kstatus", "kube-lifeline", "because"], rows);
}

type SelfMetricTable = Readonly<Record<string, SelfMetricFacts>>;

function selfMetricTable(): string {
  const tables: readonly (readonly [PrometheusKind, SelfMetricTable])[] = [
    ["counter", { ...OBSERVED_COUNTERS, ...COUNTERS }],
    ["histogram", HISTOGRAMS],
    ["gauge", GAUGES],
  ];
  const rows = tables.flatMap(([kind, table]) =>
    Object.entries(table).map(([name, { unit, description, attributes }]) => [
      code(name),
      kind,
      unitCell(unit),
      description,
      codes(attributes),
      code(prometheusName(name, { kind, unit })),
    ]),
  );
  return markdownTable(["name", "type", "unit", "value", "attributes", "in Prometheus"], rows);
}

function unitCell(unit: string): string {
  return unit === "" ? "–" : code(unit);
}

function codes(names: readonly string[]): string {
  return names.length === 0 ? "–" : names.map(code).join(", ");
}

function code(text: string): string {
  return `\`${text}\``;
}
