export type PrometheusKind = "gauge" | "counter" | "histogram";

/** UCUM units that we use, by the word that Prometheus puts behind the name. */
const UNIT_WORDS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };

/**
 * The name that Prometheus gives by default to a metric that it takes by OTLP ("UnderscoreEscapingWithSuffixes"):
 * dots become underscores, a unit other than an annotation such as `{object}` and, for counters, `total` go behind.
 */
export function prometheusName(
  name: string,
  { kind, unit }: { readonly kind: PrometheusKind; readonly unit: string },
): string {
  const parts = [name.replaceAll(".", "_")];
  const word = UNIT_WORDS[unit];
  if (word !== undefined) parts.push(word);
  if (kind === "counter") parts.push("total");
  return parts.join("_");
}
