import { request } from "undici";
import { isMap, type JsonMap } from "../../src/util/json.ts";

/** What the runner tells of something that suites share, which it makes for the first who asks. */
export async function askShared(url: string): Promise<JsonMap> {
  const { statusCode, body } = await request(url, { headersTimeout: 120_000 });
  const answer = await body.text();
  if (statusCode !== 200) throw new Error(answer);
  const told: unknown = JSON.parse(answer);
  if (!isMap(told)) throw new Error(`Cannot find what suites share: got ${answer}`);
  return told;
}
