import { TextEdit } from "./text-edit.ts";
import type { Rules } from "./rules.ts";

const PEM_BEGIN = "-----BEGIN ";
const PEM_PRIVATE_KEY = /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** base64 of `-----BEGIN`, as kubeconfig files and CA bundles hold PEM. */
const BASE64_PEM = "LS0tLS1CRUdJTi";
const BASE64_RUN = /[A-Za-z0-9+/]*={0,2}/y;
const BASE64_HEADER_LENGTH = 64;

/** Private keys in PEM, plain or base64; one without an end goes up to the end of the text. */
export function redactPrivateKeys(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (
    let at = text.indexOf(PEM_BEGIN);
    at >= 0;
    at = text.indexOf(PEM_BEGIN, Math.max(at + 1, edit.doneTo))
  ) {
    if (!PEM_PRIVATE_KEY.test(text.slice(at + PEM_BEGIN.length, at + PEM_BEGIN.length + 80)))
      continue;
    PEM_END.lastIndex = at;
    const end = PEM_END.exec(text) === null ? text.length : PEM_END.lastIndex;
    edit.replace(at, end, rules.conceal(text.slice(at, end)));
  }
  return redactBase64Keys(rules, edit.finish());
}

function redactBase64Keys(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (
    let at = text.indexOf(BASE64_PEM);
    at >= 0;
    at = text.indexOf(BASE64_PEM, Math.max(at + 1, edit.doneTo))
  ) {
    if (!decodeBase64(text.slice(at, at + BASE64_HEADER_LENGTH)).includes("PRIVATE KEY")) continue;
    BASE64_RUN.lastIndex = at;
    BASE64_RUN.exec(text);
    edit.replace(at, BASE64_RUN.lastIndex, rules.conceal(text.slice(at, BASE64_RUN.lastIndex)));
  }
  return edit.finish();
}

function decodeBase64(text: string): string {
  const whole = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? "";
  return atob(whole.slice(0, whole.length - (whole.length % 4)));
}

const BASE64URL_RUN = /[A-Za-z0-9_-]*/y;

/** Three (a JWE: five) base64url parts with dots between, the first of which begins as the JSON of a JOSE header does. */
export function redactJwts(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (let at = text.indexOf("eyJ"); at >= 0; at = text.indexOf("eyJ", at)) {
    const ends = partEnds(text, at);
    const [first = text.length] = ends;
    const end = ends.length < 3 ? undefined : ends.at(-1);
    if (end !== undefined) edit.replace(at, end, rules.conceal(text.slice(at, end)));
    // All that begins within the first part ends with it: it was looked at as a whole.
    at = Math.max(first, end ?? 0);
  }
  return edit.finish();
}

/** Where the parts end that stand from here on, at most five; all but the last of them hold something. */
function partEnds(text: string, from: number): readonly number[] {
  const ends: number[] = [];
  let at = from;
  while (ends.length < 5) {
    BASE64URL_RUN.lastIndex = at;
    BASE64URL_RUN.exec(text);
    const end = BASE64URL_RUN.lastIndex;
    ends.push(end);
    if (end === at || text[end] !== ".") break;
    at = end + 1;
  }
  return ends;
}

const AUTHORITY = /[^\s/?#"'`<>\\]*/y;
/** A password with an unescaped `/`, `?` or `#` in it: looked for this far. */
const BEYOND_AUTHORITY = /[^\s"'`<>\\@]{0,128}@/y;
const DIGEST = /sha\d{3}:[0-9a-f]{32}/y;

/** `scheme://user:password@`, without a user, with several hosts, percent-encoded or not: all before the last `@` goes. */
export function redactUrls(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at + 1)) {
    const from = at + "://".length;
    if (from < edit.doneTo) continue;
    const end = userinfoEnd(text, from);
    if (end !== undefined) edit.replace(from, end, rules.conceal(text.slice(from, end)));
  }
  return edit.finish();
}

/** Where the `@` stands that ends credentials; `undefined` where there are none. */
function userinfoEnd(text: string, from: number): number | undefined {
  AUTHORITY.lastIndex = from;
  const [authority = ""] = AUTHORITY.exec(text) ?? [];
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    DIGEST.lastIndex = from + at + 1;
    // `docker-pullable://image:tag@sha256:…` is an image.
    return holdsCredentials(authority.slice(0, at)) && !DIGEST.test(text) ? from + at : undefined;
  }
  const colon = authority.lastIndexOf(":");
  if (colon < 0 || authority.startsWith("[") || /^:\d*$/.test(authority.slice(colon)))
    return undefined;
  BEYOND_AUTHORITY.lastIndex = from + authority.length;
  if (!BEYOND_AUTHORITY.test(text)) return undefined;
  DIGEST.lastIndex = BEYOND_AUTHORITY.lastIndex;
  const end = BEYOND_AUTHORITY.lastIndex - 1;
  return DIGEST.test(text) ? undefined : end;
}

/** With a password, or a lone user that is as long and mixed as only a token is (`https://ghp_…@github.com`). */
function holdsCredentials(userinfo: string): boolean {
  return (
    userinfo.includes(":") ||
    (userinfo.length >= 20 && /\d/.test(userinfo) && /[A-Za-z]/.test(userinfo))
  );
}

const BEARER = /\b((?:Bearer|Basic)[ \t]{1,20})([\w.~+/=-]{4,})/gi;

/** `Bearer x` and `Basic x` wherever they stand; "Bearer token" and "basic authentication" are words. */
export function redactBearers(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (const { 0: all, 1: before = "", 2: credentials = "", index } of text.matchAll(BEARER)) {
    const isProse =
      all.length === text.length ? /^(?:tokens?|auth\w*)$/i.test(credentials) : isWord(credentials);
    if (!isProse)
      edit.replace(index + before.length, index + all.length, rules.conceal(credentials));
  }
  return edit.finish();
}

function isWord(text: string): boolean {
  const word = text.replace(/[.=-]+$/, "");
  return word.length < 24 && /^(?:[A-Za-z]?[a-z]*(?:-[a-z]+)*|[A-Z]+)$/.test(word);
}
