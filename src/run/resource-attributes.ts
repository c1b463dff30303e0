import type { ParsedValue } from "./value-type.ts";

/**
 * Reads `key=value,key=value`, percent-encoded as in W3C Baggage (OpenTelemetry resource SDK specification,
 * "Specifying resource information via an environment variable"). One wrong pair refuses the whole, as there.
 */
export function parseResourceAttributes(
  input: string,
): ParsedValue<Readonly<Record<string, string>>> {
  const attributes: (readonly [string, string])[] = [];
  for (const pair of input.split(",")) {
    if (pair.trim() === "") continue;
    const split = pair.indexOf("=");
    if (split < 0) return { type: "invalid", why: `no "=" in ${JSON.stringify(pair.trim())}` };
    const key = decode(pair.slice(0, split).trim());
    const value = decode(pair.slice(split + 1).trim());
    if (key === undefined || value === undefined)
      return {
        type: "invalid",
        why: `a "%" that encodes nothing in ${JSON.stringify(pair.trim())}`,
      };
    if (key === "") return { type: "invalid", why: `no key in ${JSON.stringify(pair.trim())}` };
    attributes.push([key, value]);
  }
  return { type: "valid", value: Object.fromEntries(attributes) };
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
