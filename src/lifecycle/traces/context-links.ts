import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import type { SpanLink } from "../signal.ts";

/** Where those who create objects leave the trace that they work in; the value is a `traceparent`, or JSON with one in it. */
const ANNOTATIONS: readonly string[] = [
  "tracing.k8s.io/traceparent",
  "traceparent",
  "tekton.dev/pipelinerunSpanContext",
  "opentelemetry.io/trace-context",
];
/** W3C Trace Context, version 00. */
const TRACEPARENT = /(?<![0-9a-f])00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?![0-9a-f-])/;
const ZEROES = /^0+$/;
const VALUE_MAX = 4_096;

/** Links to the traces that annotations name: never parents, for nobody knows whether this work is a part of theirs. */
export function contextLinks(object: KubeObject): readonly SpanLink[] {
  const annotations = fieldAt(object.metadata, "annotations");
  return ANNOTATIONS.flatMap((name) => {
    const value = fieldAt(annotations, name);
    if (typeof value !== "string") return [];
    const [, traceId = "0", spanId = "0"] = TRACEPARENT.exec(value.slice(0, VALUE_MAX)) ?? [];
    if (ZEROES.test(traceId) || ZEROES.test(spanId)) return [];
    return [{ traceId, spanId, attributes: { "lifeline.link.annotation": name } }];
  });
}
