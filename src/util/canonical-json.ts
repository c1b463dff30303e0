import { isMap } from "./json.ts";

type Work = { readonly text: string } | { readonly value: unknown };

/**
 * JSON with sorted field names, of values nested however deep: what `JSON.stringify` answers with a stack overflow
 * past some thousand levels, this writes.
 */
export function canonicalJson(value: unknown): string {
  const parts: string[] = [];
  const work: Work[] = [{ value }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if ("text" in next) parts.push(next.text);
    else if (Array.isArray(next.value)) pushList(work, next.value);
    else if (isMap(next.value)) pushMap(work, next.value);
    else parts.push(JSON.stringify(next.value) ?? "null");
  }
  return parts.join("");
}

function pushList(work: Work[], list: readonly unknown[]): void {
  work.push({ text: "]" });
  for (let index = list.length - 1; index >= 0; index--) {
    work.push({ value: list[index] });
    if (index > 0) work.push({ text: "," });
  }
  work.push({ text: "[" });
}

function pushMap(work: Work[], map: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(map).toSorted();
  work.push({ text: "}" });
  for (const [place, name] of [...names.entries()].toReversed()) {
    work.push({ value: map[name] }, { text: `${place > 0 ? "," : ""}${JSON.stringify(name)}:` });
  }
  work.push({ text: "{" });
}
