import { request } from "undici";
import type { Lifeline } from "../testbed/lifeline.ts";

/** What a health path answers now. */
export async function probe(
  lifeline: Pick<Lifeline, "healthUrl">,
  path: "/livez" | "/readyz",
): Promise<{ readonly status: number; readonly text: string }> {
  const { statusCode, body } = await request(`${lifeline.healthUrl}${path}`);
  return { status: statusCode, text: await body.text() };
}
