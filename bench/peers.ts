/** What somebody else's program took for the same stream; memory as text, for people. */
export type Peer = {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  /** With the objects of the updates, and the peak. */
  readonly rss: string;
  readonly rssLarge: string;
};

/**
 * Measured once, before there was this bench, on another machine with 2 cores: the same kind of stream (3.1 KB per event,
 * four conditions, managedFields), 10,000 and 100,000 objects, plain HTTP.
 */
export const EARLIER_PEERS: readonly Peer[] = [
  {
    name: "OpenTelemetry Collector 0.145, `k8sobjects` → OTLP",
    eventsPerSecond: 6400,
    cpuPerMillion: 197,
    rss: "90 MB (392)",
    rssLarge: "4.1 GB",
  },
  {
    name: "kube-state-metrics 2.20, 5 metrics, 11 series per object",
    eventsPerSecond: 5700,
    cpuPerMillion: 220,
    rss: "126 MB (348)",
    rssLarge: "2.8 GB",
  },
];
