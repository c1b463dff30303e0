import { request } from "undici";
import { fieldAt, isMap } from "../../src/util/json.ts";

/** One line of an instant query's answer; Prometheus and Loki write it alike. */
export type Sample = {
  readonly labels: Readonly<Record<string, string>>;
  /** As the store writes it, such as `3`. */
  readonly value: string;
};

/** GETs a query and returns `data.result` of its JSON; throws with the store's words unless it is answered 200. */
export async function askStore(
  url: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly unknown[]> {
  const { statusCode, body } = await request(url, { query });
  const text = await body.text();
  if (statusCode !== 200)
    throw new Error(
      `Cannot query ${url} for ${query["query"]}: it answered ${statusCode}: ${text}`,
    );
  const result = fieldAt(JSON.parse(text), "data", "result");
  return Array.isArray(result) ? result : [];
}

/** `result` of type vector. */
export function parseSamples(result: readonly unknown[]): readonly Sample[] {
  return result.map((series) => {
    const pair = fieldAt(series, "value");
    if (!Array.isArray(pair)) throw new Error(`Cannot read ${JSON.stringify(series)} as a sample`);
    return { labels: parseLabels(fieldAt(series, "metric")), value: String(pair[1]) };
  });
}

export function parseLabels(labels: unknown): Readonly<Record<string, string>> {
  const entries = isMap(labels) ? Object.entries(labels) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
