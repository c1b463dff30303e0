import type { KubeObject, ObjectMeta } from "../cluster/kube-object.ts";
import type { JsonMap } from "../util/json.ts";
import type { Section } from "./object-state.ts";
import { redactMap, redactNamed } from "./redaction/redact-value.ts";
import { restoreSecretNames } from "./redaction/secret-names.ts";
import { createRules, type Rules } from "./redaction/rules.ts";

/**
 * Takes the secrets out of an object (docs/contract.md §7); what holds none comes back as the same object. Idempotent:
 * sections that `isRedacted` knows to be the outcome of an earlier redaction, of the same kind, are not looked at.
 */
export type Redact = (object: KubeObject, isRedacted?: (section: Section) => boolean) => KubeObject;

/**
 * Builds the redaction of docs/contract.md §7. `hmac` answers four characters of `[A-Za-z0-9_-]` for a text, the same for
 * the same text: they are all that is left of a secret, so that a diff still says that it changed.
 *
 * Field names, numbers, booleans and metadata's identity fields stay. Of metadata only labels and annotations are
 * looked at: Kubernetes itself types the rest.
 */
export function createRedactor(hmac: (text: string) => string): Redact {
  const rules = createRules(hmac);
  return (object, isRedacted = () => false) => redactObject(rules, object, isRedacted);
}

function redactObject(
  rules: Rules,
  object: KubeObject,
  isRedacted: (section: Section) => boolean,
): KubeObject {
  const { metadata, status } = object;
  const nextMetadata = isRedacted("metadata") ? metadata : redactMetadata(rules, metadata);
  const nextStatus = isRedacted("status") ? status : redactMap(rules, { status }, 0)["status"];
  const spec = isRedacted("spec") ? undefined : fieldsBeside(object);
  const nextSpec = spec && redactMap(rules, spec, 0);
  if (nextSpec === spec && nextStatus === status)
    return nextMetadata === metadata ? object : { ...object, metadata: nextMetadata };
  const fields = nextSpec ?? fieldsBeside(object);
  const redacted = status === undefined ? fields : { ...fields, status: nextStatus };
  return {
    ...restoreSecretNames(object, redacted),
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: nextMetadata,
  };
}

/** All but metadata and status; `kind` stands among them, for Secrets are known by it. */
function fieldsBeside(object: KubeObject): JsonMap {
  const { metadata: _metadata, status: _status, ...fields } = object;
  return fields;
}

function redactMetadata(rules: Rules, metadata: ObjectMeta): ObjectMeta {
  const labels = redactStrings(rules, metadata.labels);
  const annotations = redactStrings(rules, metadata.annotations);
  if (labels === metadata.labels && annotations === metadata.annotations) return metadata;
  return {
    ...metadata,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function redactStrings(rules: Rules, strings: ObjectMeta["labels"]): ObjectMeta["labels"] {
  let copy: Record<string, string> | undefined;
  for (const name in strings) {
    const value = strings[name] ?? "";
    const next = redactNamed(rules, name, value);
    if (next !== value) (copy ??= { ...strings })[name] = next;
  }
  return copy ?? strings;
}
