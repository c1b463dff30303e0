import type { DiscoveredKind } from "./discovery.ts";
import { compileGlob } from "./glob.ts";
import type { KindFacts } from "./kube-object.ts";
import { NEVER_BY_GLOB } from "./machine-made-kinds.ts";
import { formatResource } from "./watch-event.ts";

/** One entry of LIFELINE_RESOURCES (docs/contract.md §2). */
export type ResourcePattern = {
  /** As it was written. */
  readonly text: string;
  readonly isExclude: boolean;
  readonly matches:
    | { readonly type: "custom" }
    /** Plural and group, each with `*` as a glob; the core group is empty. */
    | { readonly type: "name"; readonly resource: string; readonly group: string };
};

/** What is wrong with one entry of a list, and what would be right. */
export type PatternProblem = { readonly value: string; readonly message: string };

export type ParsedResourcePatterns =
  | { readonly type: "patterns"; readonly patterns: readonly ResourcePattern[] }
  | { readonly type: "problems"; readonly problems: readonly PatternProblem[] };

export type SelectedKinds = {
  readonly selected: readonly DiscoveredKind[];
  /** Matched by a glob or by `customresources`, but machine-made: naming them includes them. */
  readonly hidden: readonly DiscoveredKind[];
  /** Entries that match no kind that the API server serves, excludes among them. */
  readonly unmatched: readonly string[];
};

const CUSTOM_RESOURCES = "customresources";

/** Reads `plural.group`, bare plurals of the core group, `*` globs in either part, `customresources`, and `!` excludes. */
export function parseResourcePatterns(list: readonly string[]): ParsedResourcePatterns {
  const problems: PatternProblem[] = [];
  const patterns: ResourcePattern[] = [];
  for (const text of list) {
    const problem = findProblem(text);
    if (problem === undefined) patterns.push(parsePattern(text));
    else problems.push({ value: text, message: problem });
  }
  if (problems.length === 0 && patterns.every(({ isExclude }) => isExclude)) {
    const message = `names nothing to watch; put "${CUSTOM_RESOURCES}" or a kind such as "deployments.apps" beside what is excluded`;
    problems.push({ value: list.join(","), message });
  }
  return problems.length > 0 ? { type: "problems", problems } : { type: "patterns", patterns };
}

function parsePattern(text: string): ResourcePattern {
  const isExclude = text.startsWith("!");
  const name = isExclude ? text.slice(1) : text;
  if (name === CUSTOM_RESOURCES) return { text, isExclude, matches: { type: "custom" } };
  return { text, isExclude, matches: { type: "name", ...splitName(name) } };
}

function splitName(name: string): { readonly resource: string; readonly group: string } {
  const dot = name.indexOf(".");
  return dot === -1
    ? { resource: name, group: "" }
    : { resource: name.slice(0, dot), group: name.slice(dot + 1) };
}

function findProblem(text: string): string | undefined {
  const name = text.startsWith("!") ? text.slice(1) : text;
  const { resource, group } = splitName(name);
  if (name === "")
    return `is empty; write a kind such as "deployments.apps", or "${CUSTOM_RESOURCES}"`;
  if (name.includes("/")) {
    return `has a "/"; write plural.group without version or subresource, such as "deployments.apps"`;
  }
  if (name !== name.toLowerCase()) {
    return `has capitals; write the plural in lower case, such as "${name.toLowerCase()}"`;
  }
  if (!/^[a-z0-9*-]+$/.test(resource)) {
    return `has "${resource}" for a plural; write letters, digits, "-" and "*", such as "deployments.apps"`;
  }
  if (name.includes(".") && !/^[a-z0-9*-]+(\.[a-z0-9*-]+)*$/.test(group)) {
    return `has "${group}" for a group; write a DNS name, "*" being a glob, such as "*.gateway.example.com"`;
  }
  return undefined;
}

/**
 * What the patterns select of what is served: all that an entry matches, without what a `!` entry matches, wherever it
 * stands, and without machine-made kinds that no entry names exactly.
 */
export function selectKinds(
  patterns: readonly ResourcePattern[],
  discovered: readonly DiscoveredKind[],
): SelectedKinds {
  const compiled = patterns.map((pattern) => ({ ...pattern, test: compilePattern(pattern) }));
  const matched = new Set<string>();
  const selected: DiscoveredKind[] = [];
  const hidden: DiscoveredKind[] = [];
  for (const kind of discovered) {
    const hits = compiled.filter(({ test }) => test(kind));
    for (const { text } of hits) matched.add(text);
    if (hits.length === 0 || hits.some(({ isExclude }) => isExclude)) continue;
    if (hits.some(isExact) || !isMachineMade(kind.facts)) selected.push(kind);
    else hidden.push(kind);
  }
  const unmatched = patterns.map(({ text }) => text).filter((text) => !matched.has(text));
  return { selected, hidden, unmatched };
}

function compilePattern({ matches }: ResourcePattern): (kind: DiscoveredKind) => boolean {
  if (matches.type === "custom") return ({ isCustom }) => isCustom;
  const isResource = compileGlob(matches.resource);
  const isGroup = compileGlob(matches.group);
  return ({ facts }) => isResource(facts.resource) && isGroup(facts.group);
}

/** Whether an entry names one kind, without a glob: then it must be served. */
export function isExact({ matches }: Pick<ResourcePattern, "matches">): boolean {
  return matches.type === "name" && !matches.resource.includes("*") && !matches.group.includes("*");
}

const neverByGlob = NEVER_BY_GLOB.map(compileGlob);

function isMachineMade(facts: Pick<KindFacts, "group" | "resource">): boolean {
  return neverByGlob.some((test) => test(formatResource(facts)));
}
