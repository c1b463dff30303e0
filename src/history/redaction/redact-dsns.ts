import type { Rules } from "./rules.ts";
import { TextEdit } from "./text-edit.ts";

const NETWORK = /@(?:tcp|unix)\(/g;
const USERINFO = /(?:^|[\s"'`<>])(?:[A-Za-z_][\w.-]*=)?([^\s"'`<>]+)$/;
/** Longer userinfo is hidden from here on only. */
const USERINFO_LENGTH_MAX = 256;

/** `user:password@tcp(host:3306)/db`, as Go's MySQL driver has it: all before the `@` goes. */
export function redactDsns(rules: Rules, text: string): string {
  const edit = new TextEdit(text);
  for (const { index } of text.matchAll(NETWORK)) {
    const before = text.slice(Math.max(edit.doneTo, index - USERINFO_LENGTH_MAX), index);
    const userinfo = USERINFO.exec(before)?.[1] ?? before;
    if (userinfo.includes(":") && !userinfo.includes("://"))
      edit.replace(index - userinfo.length, index, rules.conceal(userinfo));
  }
  return edit.finish();
}
