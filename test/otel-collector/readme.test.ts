import { afterAll, beforeAll, expect } from "vitest";
import { eventually } from "../testbed/eventually.ts";
import { startLifeline } from "../testbed/lifeline.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import type { Sample } from "../testbed/query-answer.ts";
import { connectSharedCluster } from "../testbed/real-servers.ts";
import { storeTest } from "../testbed/real-stores.ts";
import { documentedTraceql } from "./documented-traceql.ts";
import { readmeQueries, type ReadmeQuery } from "./readme-queries.ts";
import { startChain, type Chain } from "./start-chain.ts";
import { installDatabases, playStory } from "./story.ts";

const servers = new AsyncDisposableStack();
let chain: Chain;

beforeAll(async () => {
  const [cluster, started] = await Promise.all([
    connectSharedCluster().then((it) => servers.use(it)),
    startChain().then((it) => servers.use(it)),
  ]);
  chain = started;
  await installDatabases(cluster.admin);
  const lifeline = await startLifeline({
    env: await withPrintedRoles(cluster, {
      LIFELINE_RESOURCES: "customdatabases.custom.example.com",
      LIFELINE_METRIC_INTERVAL: "500ms",
      OTEL_EXPORTER_OTLP_ENDPOINT: chain.collector.grpcEndpoint,
    }),
  });
  servers.use(lifeline);
  await playStory(cluster.admin);
  await storyArrived();
});

afterAll(async () => {
  await servers.disposeAsync();
});

storeTest.for(readmeQueries())('README: "$title" answers what README shows', async (query) => {
  const shown = comparable(query, query.answer);

  await eventually(async () => expect(comparable(query, await answerOf(query))).toEqual(shown), {
    timeoutMs: 50_000,
  });
});

storeTest.for(documentedTraceql("README.md"))(
  "README: %s finds the work on a change that failed",
  async (traceql) => {
    const { tempo } = chain;

    const found = await eventually(async () => {
      await tempo.flush();
      const traces = await tempo.search(traceql);
      expect(traces).not.toEqual([]);
      return traces;
    });

    const traces = await Promise.all(found.map(({ traceId }) => tempo.trace(traceId)));
    expect(traces.flat().filter(({ parentSpanId }) => parentSpanId === "")).toEqual([
      expect.objectContaining({
        name: "CustomDatabase converge",
        attributes: expect.objectContaining({ "k8s.object.name": "billing-db" }),
      }),
    ]);
  },
);

storeTest("the trace_id of a record in Loki is that of a trace in Tempo", async () => {
  const failed =
    '{service_name="kube-lifeline"} | k8s_object_name="billing-db" | lifeline_health="failed"';

  const [record] = await chain.loki.records(failed);

  const { trace_id: traceId = "", span_id: spanId = "" } = record?.labels ?? {};
  const spans = await eventually(async () => {
    const stored = await chain.tempo.trace(traceId);
    expect(stored).not.toEqual([]);
    return stored;
  });
  expect(spans.find((span) => span.spanId === spanId)).toMatchObject({
    name: "CustomDatabase converge",
    parentSpanId: "",
    attributes: { "k8s.object.name": "billing-db" },
  });
});

/** Matches nothing. */
const NEVER = /(?!)/;

/** Waits for the last record and the last gauge, so that no answer is judged before all of it is there. */
async function storyArrived(): Promise<void> {
  const lastRecord =
    '{service_name="kube-lifeline"} | k8s_object_name="billing-db" | lifeline_action="health_changed" | lifeline_health="failed"';
  await eventually(async () => expect(await chain.loki.records(lastRecord)).toHaveLength(1));
  const lastGauge = 'lifeline_object_health{k8s_object_name="billing-db", health="failed"}';
  await eventually(async () => expect(await chain.prometheus.query(lastGauge)).toHaveLength(1));
}

async function answerOf({ language, text }: ReadmeQuery): Promise<readonly string[]> {
  const isLogQuery = language === "logql" && /^\{/m.test(text);
  const { loki, prometheus } = chain;
  if (isLogQuery) return (await loki.records(text)).map(({ line }) => line);
  return (await (language === "logql" ? loki : prometheus).query(text)).map(formatSample);
}

/** As Prometheus writes it. */
function formatSample({ labels: { __name__: name = "", ...labels }, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}{${pairs.toSorted().join(", ")}} ${value}`;
}

/**
 * Lines without what no two runs have in common: resource versions, how long a state was held, values of `increase`,
 * which it estimates and of which only the sign is certain, and minutes from the story's quarter of an hour to now, which
 * are more on a slow machine. Sorted, since the times of many facts are the cluster's, to
 * the second, and within one Loki gives no order.
 */
function comparable(query: ReadmeQuery, lines: readonly string[]): readonly string[] {
  const isEstimate = query.text.includes("increase(");
  const isAge = query.text.includes("time()");
  return lines
    .map((line) =>
      line
        .replace(/resourceVersion \d+/, "resourceVersion N")
        .replace(/ after (?:less than )?\d+ s\b/, " after some time")
        .replace(isEstimate ? / [1-9]\d*$/ : NEVER, " positive")
        .replace(isAge ? / 1[5-9]$/ : NEVER, " from 15 to 19"),
    )
    .toSorted();
}
