import type { Rules } from "./rules.ts";

const SCHEME = /^(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|NTLM|AWS4-HMAC-SHA256)[ \t]+/i;

/** The value of an Authorization header: the scheme stays, the credentials after it go. */
export function redactHeader(rules: Rules, value: string): string {
  const [scheme = ""] = SCHEME.exec(value) ?? [];
  return scheme + rules.mark(value.slice(scheme.length));
}
