import type { ParsedValue } from "./value-type.ts";

/** Where the health server listens; `off`: nowhere. Port 0 lets the system choose (tests do). */
export type HttpAddress =
  | { readonly type: "listen"; readonly host: string; readonly port: number }
  | { readonly type: "off" };

const ALL_ADDRESSES = "0.0.0.0";

/** Reads `host:port`, `:port` (all IPv4 addresses), `[IPv6]:port` or `off`. */
export function parseHttpAddress(input: string): ParsedValue<HttpAddress> {
  if (input.toLowerCase() === "off") return { type: "valid", value: { type: "off" } };
  const match =
    /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?<host>[^\s:/[\]]*)):(?<port>\d{1,5})$/.exec(
      input,
    );
  if (match === null) return { type: "invalid", why: whyNot(input) };
  const port = Number(match.groups?.["port"]);
  if (port > 65_535) return { type: "invalid", why: "a port is at most 65535" };
  const host = match.groups?.["ipv6"] ?? match.groups?.["host"] ?? "";
  return {
    type: "valid",
    value: { type: "listen", host: host === "" ? ALL_ADDRESSES : host, port },
  };
}

/** `http://host:port`, IPv6 in brackets: for messages. */
export function formatHttpUrl(address: { readonly host: string; readonly port: number }): string {
  return address.host.includes(":")
    ? `http://[${address.host}]:${address.port}`
    : `http://${address.host}:${address.port}`;
}

function whyNot(input: string): string {
  if (input.includes("//")) return "an address to listen on has no scheme and no path";
  if (/^[^[].*:.*:/.test(input)) return "an IPv6 address needs brackets";
  return "no port";
}
