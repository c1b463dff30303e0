/** Whether an object's labels (or selectable fields) satisfy a selector. */
export type Selector = (values: Readonly<Record<string, string>>) => boolean;

const SET_REQUIREMENT = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/;
const EXISTENCE = /^(!?)\s*([^=!\s()]+)$/;

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k` (labels.Parse of apimachinery, without `<` and `>`).
 * A key that is missing satisfies `!=` and `notin`. Throws on what it can't read.
 */
export function parseSelector(text: string): Selector {
  const requirements = splitRequirements(text).map(parseRequirement);
  return (values) => requirements.every((isSatisfied) => isSatisfied(values));
}

/** Splits at the commas that stand outside parentheses. */
function splitRequirements(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseRequirement(text: string): Selector {
  const [, setKey = "", setOperator, setValues = ""] = SET_REQUIREMENT.exec(text) ?? [];
  if (setOperator !== undefined) {
    const wanted = new Set(setValues.split(",").map((value) => value.trim()));
    return (values) => wanted.has(values[setKey] ?? "\0") === (setOperator === "in");
  }
  const [, key = "", operator, value] = EQUALITY.exec(text) ?? [];
  if (operator !== undefined) return (values) => (values[key] === value) === (operator !== "!=");
  const [, not, present] = EXISTENCE.exec(text) ?? [];
  if (present !== undefined) return (values) => (values[present] === undefined) === (not === "!");
  throw new Error(
    `Cannot parse selector ${JSON.stringify(text)}: wanted key, !key, key=value or key in (values)`,
  );
}
