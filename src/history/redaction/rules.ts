import { rememberByName } from "../../util/remember-by-name.ts";
import { TextSet } from "../../util/text-set.ts";
import { learnKey, type KeyClass, type KeyFacts } from "./secret-key.ts";

/** What all parts of redaction share. */
export type Rules = {
  /** The placeholder for a secret; what holds nothing to hide comes back as it is. */
  readonly mark: (secret: string) => string;
  /** The same without exceptions: only a placeholder stays itself. */
  readonly conceal: (secret: string) => string;
  readonly classify: (key: string) => KeyClass;
  readonly learn: (key: string) => KeyFacts;
  /** Texts that read like secrets at first sight and hold none: names of Secrets above all, which come again and again. */
  readonly harmless: { readonly texts: TextSet; readonly prose: TextSet };
};

const PLACEHOLDER = /^\[redacted:[\w-]{4}\]$/;
/** Nothing, a flag, or a reference that Kubernetes or a shell resolves later. */
const HARMLESS = /^(?:true|false|\$\([\w.-]{1,100}\)|\$\{[\w.-]{1,100}\})?$/;

/** `hmac` answers four characters of `[A-Za-z0-9_-]` for a text. */
export function createRules(hmac: (text: string) => string): Rules {
  const conceal = (secret: string): string =>
    PLACEHOLDER.test(secret) ? secret : `[redacted:${hmac(secret)}]`;
  const learn = rememberByName(learnKey);
  return {
    mark: (secret) => (HARMLESS.test(secret) ? secret : conceal(secret)),
    conceal,
    classify: (key) => learn(key).class,
    learn,
    harmless: { texts: new TextSet(), prose: new TextSet() },
  };
}
