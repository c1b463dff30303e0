import { type Attributes, type AttributeValue, DOUBLE_ATTRIBUTES } from "../lifecycle/signal.ts";
import { rememberByName } from "../util/remember-by-name.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** Who speaks: the resource without the object's namespace, and the instrumentation scope. */
export type EncodeContext = {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
};

/** Repeated `KeyValue` under one field number (opentelemetry/proto/common/v1/common.proto). */
export function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Attributes,
): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    const pair = writer.begin(field);
    writer.append(encodedKey(key));
    const any = writer.begin(2);
    if (typeof value === "number" && DOUBLE_ATTRIBUTES.has(key)) writer.double(4, value);
    else writeAnyValue(writer, value);
    writer.end(any);
    writer.end(pair);
  }
}

/** `KeyValue.key`: attributes have few names, each of which is written millions of times. */
const encodedKey = rememberByName((key) => {
  const writer = new ProtobufWriter();
  writer.string(1, key);
  return writer.finish();
});

/** `InstrumentationScope` under field 1, as in `ScopeLogs` and `ScopeMetrics`. */
export function writeScope(writer: ProtobufWriter, scope: EncodeContext["scope"]): void {
  const message = writer.begin(1);
  writer.string(1, scope.name);
  writer.string(2, scope.version);
  writer.end(message);
}

const NAMESPACE = "k8s.namespace.name";

/** The resource of what is about objects in that namespace: our own, should it bring one, is left out. */
export function resourceIn(resource: Attributes, namespace: string | undefined): Attributes {
  const { [NAMESPACE]: _own, ...others } = resource;
  return namespace === undefined ? others : { ...others, [NAMESPACE]: namespace };
}

/** `Resource` under field 1, as in `ResourceLogs` and `ResourceMetrics`. */
export function writeResource(writer: ProtobufWriter, attributes: Attributes): void {
  const message = writer.begin(1);
  writeAttributes(writer, 1, attributes);
  writer.end(message);
}

/** The content of an `AnyValue`: always its one-of, so that "" and 0 and false stay values. */
export function writeAnyValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === "string") writer.string(1, value);
  else if (typeof value === "boolean") writer.bool(2, value);
  else if (typeof value === "number") {
    if (Number.isSafeInteger(value)) writer.int(3, value);
    else writer.double(4, value);
  } else {
    const array = writer.begin(5);
    for (const text of value) {
      const element = writer.begin(1);
      writer.string(1, text);
      writer.end(element);
    }
    writer.end(array);
  }
}
