import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { LogSignal } from "../lifecycle/signal.ts";
import { readExportRequest } from "../testing/otlp-receiver/received.ts";
import { divideRequest } from "./divide-request.ts";
import { encodeLogs } from "./encode-logs.ts";

const CONTEXT = { resource: { "service.name": "s" }, scope: { name: "k", version: "1" } };

function record(body: string, namespace: string | undefined): LogSignal {
  return {
    type: "log",
    eventName: "lifeline.object.updated",
    severity: "INFO",
    timeMs: 1_700_000_000_123,
    observedTimeMs: 1_700_000_000_456,
    body,
    ...(namespace === undefined ? {} : { namespace }),
    attributes: { "k8s.object.name": body },
  };
}

/** Several commits' requests end to end, as a row that was put together would be. */
const REQUESTS = fc.array(
  fc.array(
    fc.record({
      body: fc.string({ maxLength: 300, unit: "binary" }),
      namespace: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
    }),
    { maxLength: 8 },
  ),
  { maxLength: 3 },
);

test("divideRequest() gives the very bytes back when all of it is taken, and each record as it was in any cut", () => {
  fc.assert(
    fc.property(REQUESTS, fc.nat(), fc.nat(), (requests, from, size) => {
      const body = Buffer.concat(
        requests.map((request) =>
          encodeLogs(
            request.map((one) => record(one.body, one.namespace)),
            CONTEXT,
          ),
        ),
      );

      const divided = divideRequest(body);

      const all = readExportRequest("logs", body).records;
      expect(divided?.records).toBe(all.length);
      expect(Buffer.from(divided?.slice(0, all.length) ?? [])).toEqual(body);
      const start = from % (all.length + 1);
      const end = start + (size % (all.length + 1 - start));
      const cut = readExportRequest("logs", divided?.slice(start, end) ?? new Uint8Array());
      expect(cut.records).toEqual(all.slice(start, end));
    }),
  );
});

test.each([
  ["cut", encodeLogs([record("a", "b")], CONTEXT).subarray(0, 20)],
  ["text", Buffer.from("12:00:00 INFO  created  Pod default/a\n")],
])("divideRequest() knows what is no request: %s", (_what, body) => {
  expect(divideRequest(body)).toBeUndefined();
});
