import { learnKey, type KeyClass, type KeyFacts } from "./secret-key.ts";

/** What all parts of redaction share. */
export type Rules = {
  /** The placeholder for a secret; what holds nothing to hide comes back as it is. */
  readonly mark: (secret: string) => string;
  /** The same without exceptions: only a placeholder stays itself. */
  readonly conceal: (secret: string) => string;
  readonly classify: (key: string) => KeyClass;
  readonly learn: (key: string) => KeyFacts;
};

/** Field names repeat from object to object; this many are remembered before starting over. */
const KEYS_MAX = 5_000;
/** Longer names are keys of user data rather than fields. */
const KEY_LENGTH_MAX = 128;

const PLACEHOLDER = /^\[redacted:[\w-]{4}\]$/;
/** Nothing, a flag, or a reference that Kubernetes or a shell resolves later. */
const HARMLESS = /^(?:true|false|\$\([\w.-]{1,100}\)|\$\{[\w.-]{1,100}\})?$/;

/** `hmac` answers four characters of `[A-Za-z0-9_-]` for a text. */
export function createRules(hmac: (text: string) => string): Rules {
  const classes = new Map<string, KeyFacts>();
  const conceal = (secret: string): string =>
    PLACEHOLDER.test(secret) ? secret : `[redacted:${hmac(secret)}]`;
  const learn = (key: string): KeyFacts => {
    const known = classes.get(key);
    if (known !== undefined) return known;
    const found = learnKey(key);
    if (classes.size >= KEYS_MAX) classes.clear();
    if (key.length <= KEY_LENGTH_MAX) classes.set(key, found);
    return found;
  };
  return {
    mark: (secret) => (HARMLESS.test(secret) ? secret : conceal(secret)),
    conceal,
    classify: (key) => learn(key).class,
    learn,
  };
}
