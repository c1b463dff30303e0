import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, request } from "undici";
import { type ClusterAddress, tokenOf } from "../testbed/kubeconfig.ts";

/** POSTs a text as it is, which may be deeper than JSON.stringify can go; answers the HTTP status and the answer's text. */
export async function postJson(
  { server, directory }: ClusterAddress,
  path: string,
  text: string,
): Promise<{ readonly status: number; readonly answer: string }> {
  const ca = await readFile(join(directory, "ca.crt"), "utf8");
  const agent = new Agent({ connect: { ca } });
  try {
    const { statusCode, body } = await request(`${server}${path}`, {
      method: "POST",
      dispatcher: agent,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${tokenOf("admin")}`,
      },
      body: text,
    });
    return { status: statusCode, answer: await body.text() };
  } finally {
    await agent.close();
  }
}
