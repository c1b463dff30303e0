import type { ParsedValue } from "./value-type.ts";

const NAME = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";
const KEY = `(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const VALUES = `\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\)`;
const REQUIREMENT = new RegExp(
  `^(?:!\\s*${KEY}|${KEY}|${KEY}\\s*(?:==|=|!=)\\s*${VALUE}|${KEY}\\s*[<>]\\s*-?\\d+|${KEY}\\s+(?:in|notin)\\s*${VALUES})$`,
);

/**
 * Checks a label selector and hands it on as it is, because a wrong one would make the API server answer 400 to every
 * request for ever. Grammar: Kubernetes "Labels and Selectors", `k8s.io/apimachinery/pkg/labels`.
 */
export function parseLabelSelector(input: string): ParsedValue<string> {
  for (const requirement of splitOutsideParentheses(input)) {
    if (REQUIREMENT.test(requirement.trim())) continue;
    return {
      type: "invalid",
      why: `${JSON.stringify(requirement.trim())} is no requirement on a label`,
    };
  }
  return { type: "valid", value: input };
}

function splitOutsideParentheses(input: string): readonly string[] {
  return input.split(/,(?![^(]*\))/);
}
