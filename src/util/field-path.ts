/**
 * Where a value stands in an object: field names, and list elements as `[0]` or `[type=Ready]`.
 *
 * `["status", "conditions", "[type=Ready]", "reason"]`
 */
export type FieldPath = readonly string[];

const PLAIN_FIELD = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `status.conditions[type=Ready].reason`, `metadata.labels["app.kubernetes.io/name"]`; the whole object is `""`. */
export function formatFieldPath(path: FieldPath): string {
  let text = "";
  for (const segment of path) {
    if (segment.startsWith("[")) text += segment;
    else if (PLAIN_FIELD.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}
