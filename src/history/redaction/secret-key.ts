/**
 * What a field name says about its value. `secret`: strings under it are. `header`: an HTTP Authorization value.
 * `reference`: it names, points to or describes something, also beneath a secret key. `registries`: Docker's map of
 * hosts, each with a base64 of user and password under `auth`. `schema`: the OpenAPI schema of a CustomResourceDefinition. `plain`: nothing of the kind.
 */
export type KeyClass = "plain" | "secret" | "header" | "reference" | "registries" | "schema";

/** All that a field name tells. */
export type KeyFacts = {
  readonly class: KeyClass;
  /** What stands under it is written for people: `Secret: not found` is a sentence there, not YAML. */
  readonly isProse: boolean;
  /** The name may itself hold a URL's userinfo, a private key or a JWT. */
  readonly mayHoldSecret: boolean;
  /** A map with such a name in it is to be looked at as a whole. */
  readonly isSpecial: boolean;
  /** Another field beside it may say that all under it is secret. */
  readonly mayBeConcealed: boolean;
  /** Strings of digits under it are counts, as `MAX_TOKENS` says. */
  readonly mayCount: boolean;
};

/** In lower case, without separators, so that passWord, PASS_WORD and pass-word are the same. */
const SECRET =
  /password|passwd|passphrase|pwd|secret|token(?!iz)|credential|privatekey|apikey|accesskey|signingkey|encryptionkey|accountkey|connectionstring|requirepass|masterauth/;
const HEADER = /^(?:proxy)?authorization$/;

/** Names of references that are written without a seam, such as `secretname`. */
const SEAMLESS_REFERENCE =
  /(?:password|passwd|passphrase|secret|token|credential|key)s?(?:refs?|names?|namespaces?|ttl)$/;

/** `passwordKey`, `tokenSecretKey`: under which key of a Secret it stands; a `secretKey` alone is a secret. */
const KEY_WITHIN_SECRET =
  /(?:password|passwd)s?key$|(?:password|passwd|token|credential)s?secretkey$/;

/** Last words of names that point to something, whatever stands before them. */
const POINTERS = [
  "ref",
  "refs",
  "reference",
  "references",
  "name",
  "names",
  "namespace",
  "namespaces",
  "ttl",
  "arn",
];

/** Last words after which a name with a secret word in it describes the secret: `tokenExpirationSeconds`, `passwordFile`. */
const DESCRIPTIONS = new Set([
  ...POINTERS,
  ..."selector file path url uri endpoint type kind policy class provider version count limit algorithm".split(
    " ",
  ),
  ..."seconds minutes hours days time timestamp timeout duration expiry expiration interval".split(
    " ",
  ),
  ..."status phase state enabled disabled required optional audience audiences issuer".split(" "),
]);

/** Last words that keep a name without a secret word in it out of the secret map above it. */
const POINTING = new Set([...POINTERS, "timestamp"]);

/** Whole names that a map beneath a secret key uses to say which, where or what, never the secret itself. */
const DESCRIBING = new Set(
  (
    "kind apiversion apigroup group version type source path mountpath subpath audience audiences optional " +
    "conditions phase state status reason lasttransitiontime description format " +
    // cert-manager's `privateKey`.
    "algorithm encoding size rotationpolicy"
  ).split(" "),
);

/** Whole names with a secret word in them that hold names of things, or settings with field names of their own. */
const NO_SECRET = new Set(["externalsecretspec", "connectionsecretkeys"]);

/** Where `{name, value}` entries hold what they name. */
export const ENTRY_VALUES: ReadonlySet<string> = new Set([
  "value",
  "values",
  "default",
  "Value",
  "Values",
  "Default",
]);

const PROSE = new Set(["message", "reason", "description", "note"]);
const TEXT = /:\/\/|-----BEGIN|eyJ/;

/** Where a core Secret holds what it is for. */
export const SECRET_VALUES: ReadonlySet<string> = new Set(["data", "stringData"]);

/** Looks at a field name from all sides. */
export function learnKey(key: string): KeyFacts {
  const joined = splitWords(key).join("");
  return {
    class: classifyKey(key),
    isProse: PROSE.has(joined),
    mayHoldSecret: TEXT.test(key),
    isSpecial: key === "kind" || ENTRY_VALUES.has(key) || TEXT.test(key),
    mayBeConcealed: ENTRY_VALUES.has(key) || SECRET_VALUES.has(key),
    mayCount: joined.includes("token") && !SECRET.test(joined.replaceAll("token", "")),
  };
}

/** Classifies a field name by what stands after its last `/` (annotations carry a domain before it). */
function classifyKey(key: string): KeyClass {
  const words = splitWords(key.slice(key.lastIndexOf("/") + 1));
  const last = words.at(-1) ?? "";
  const joined = words.join("");
  if (HEADER.test(joined)) return "header";
  if (joined === "auths") return "registries";
  if (key === "openAPIV3Schema") return "schema";
  if (NO_SECRET.has(joined)) return "reference";
  if (isSecretName(joined, words)) {
    const describes =
      DESCRIPTIONS.has(last) || SEAMLESS_REFERENCE.test(joined) || KEY_WITHIN_SECRET.test(joined);
    return describes ? "reference" : "secret";
  }
  return POINTING.has(last) || DESCRIBING.has(joined) ? "reference" : "plain";
}

function isSecretName(joined: string, words: readonly string[]): boolean {
  return SECRET.test(joined) || words.includes("pass") || words.includes("dsn");
}

/** The words of camelCase, PascalCase, snake_case, kebab-case and dotted names, in lower case, digits at their ends dropped. */
function splitWords(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase().replace(/\d+$/, ""))
    .filter((word) => word !== "");
}
