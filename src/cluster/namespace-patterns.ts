import { compileGlob } from "./glob.ts";
import type { PatternProblem } from "./resource-patterns.ts";

/** Where namespaced kinds are watched; cluster-scoped kinds don't care. */
export type NamespaceSelection =
  | { readonly type: "all" }
  /** One namespaced watch each, so that a Role suffices. */
  | { readonly type: "names"; readonly names: readonly string[] }
  /** One cluster-wide watch, of which only these namespaces are kept. */
  | {
      readonly type: "filter";
      /** The patterns, sorted: the same text is the same selection. */
      readonly patterns: string;
      readonly accepts: (namespace: string) => boolean;
    };

export type ParsedNamespacePatterns =
  | { readonly type: "namespaces"; readonly namespaces: NamespaceSelection }
  | { readonly type: "problems"; readonly problems: readonly PatternProblem[] };

/** Reads LIFELINE_NAMESPACES: names, `*` globs, and `!` excludes; only excludes mean all the others. An empty list is all. */
export function parseNamespacePatterns(list: readonly string[]): ParsedNamespacePatterns {
  const problems = list
    .filter((text) => !/^!?[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?$/.test(text))
    .map((value) => ({
      value,
      message: `is no namespace; write lower-case letters, digits and "-", with "*" for a glob and "!" in front to exclude, such as "prod-*"`,
    }));
  if (problems.length > 0) return { type: "problems", problems };
  return { type: "namespaces", namespaces: selectNamespaces(list) };
}

function selectNamespaces(list: readonly string[]): NamespaceSelection {
  if (list.length === 0) return { type: "all" };
  if (list.every((text) => !/[!*]/.test(text))) return { type: "names", names: [...new Set(list)] };
  const excludes = list.filter(isExclude).map((text) => compileGlob(text.slice(1)));
  const includes = list.filter((text) => !isExclude(text)).map(compileGlob);
  if (excludes.length === 0 && list.includes("*")) return { type: "all" };
  const accepts = (namespace: string): boolean =>
    (includes.length === 0 || includes.some((test) => test(namespace))) &&
    !excludes.some((test) => test(namespace));
  return { type: "filter", patterns: [...new Set(list)].toSorted().join(","), accepts };
}

function isExclude(text: string): boolean {
  return text.startsWith("!");
}
