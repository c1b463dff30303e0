import type { ServerResponse } from "node:http";
import type { Reply } from "./api-status.ts";
import type { Fault } from "./faults.ts";

/** Writes a whole answer, or as much of it as a fault leaves. */
export function writeReply(
  response: ServerResponse,
  reply: Reply,
  cut?: Fault & { readonly type: "truncate" },
): void {
  const isText = typeof reply.body === "string";
  const body = Buffer.from(
    typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body),
  );
  const contentType = isText ? "text/plain; charset=utf-8" : "application/json";
  response.writeHead(reply.code, { "content-type": contentType, ...reply.headers });
  if (cut === undefined) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, cut.sizeBytes), () => {
    if (cut.ending === "clean") response.end();
    else response.socket?.resetAndDestroy();
  });
}

/** The answer that a fault puts in place of the true one. */
export function faultReply(
  fault: Fault & { readonly type: "answer" },
  statusBody: Reply["body"],
): Reply {
  const contentType =
    fault.contentType ?? (fault.body === undefined ? "application/json" : "text/html");
  const retryAfter = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
  return {
    code: fault.code,
    headers: { "content-type": contentType, ...retryAfter },
    body: fault.body ?? statusBody,
  };
}
