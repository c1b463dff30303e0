import { BlockList, isIP } from "node:net";

/** What `HTTPS_PROXY` and its kin were set to; handed in, as only main.ts reads the environment. */
export type ProxyVariables = {
  readonly httpsProxy?: string;
  readonly httpProxy?: string;
  readonly allProxy?: string;
  readonly noProxy?: string;
};

/** How a server is reached. `wrong`: `shown` is what was set, without name and password. */
export type ProxyChoice =
  | { readonly type: "direct" }
  | { readonly type: "proxy"; readonly url: URL }
  | { readonly type: "wrong"; readonly shown: string };

type Target = { readonly host: string; readonly port: string };

const HAS_SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ["http:", "80"],
  ["https:", "443"],
]);

/**
 * The proxy that the variables name for a server, by the rules of Go's `x/net/http/httpproxy`, which kubectl and
 * client-go follow; `ALL_PROXY`, which Go does not know, stands in where the variable of the scheme is not set.
 */
export function chooseProxy(server: URL, variables: ProxyVariables): ProxyChoice {
  const { httpsProxy, httpProxy, allProxy, noProxy } = variables;
  const text = (server.protocol === "https:" ? httpsProxy : httpProxy) ?? allProxy;
  if (text === undefined) return { type: "direct" };
  const target = { host: hostOf(server), port: portOf(server) };
  if (isLoopback(target.host) || isExempt(target, noProxy ?? "")) return { type: "direct" };
  return parseProxyUrl(text);
}

/** An http or https proxy; a text without a scheme means http, as in Go and curl. */
export function parseProxyUrl(text: string): Exclude<ProxyChoice, { type: "direct" }> {
  const whole = HAS_SCHEME.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url !== undefined && DEFAULT_PORTS.has(url.protocol)) return { type: "proxy", url };
  // Whatever stands before the last @ may be a password.
  return { type: "wrong", shown: whole.replace(/\/\/.*@/s, "//…@").slice(0, 200) };
}

/** How messages name a proxy: without name and password. */
export function formatProxy(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function hostOf({ hostname }: URL): string {
  const host = hostname.toLowerCase();
  return host.startsWith("[") ? host.slice(1, -1) : host.replace(/\.$/, "");
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (DEFAULT_PORTS.get(protocol) ?? "") : port;
}

/** What only this machine can reach no proxy can. */
function isLoopback(host: string): boolean {
  return host === "localhost" || isInSubnet(host, "127.0.0.0/8") || isInSubnet(host, "::1/128");
}

function isExempt(target: Target, noProxy: string): boolean {
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(target, entry));
}

function matches(target: Target, entry: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isInSubnet(target.host, entry);
  const { host, port } = splitPort(entry);
  if (port !== undefined && port !== target.port) return false;
  if (isIP(host) !== 0) return isSameAddress(target.host, host);
  return matchesDomain(target.host, host);
}

/** `example.com` is the name and all below it, `.example.com` and `*.example.com` only what is below. */
function matchesDomain(host: string, entry: string): boolean {
  const domain = entry.startsWith("*.") ? entry.slice(1) : entry;
  if (domain === "" || domain === ".") return false;
  if (domain.startsWith(".")) return host.endsWith(domain);
  return host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): { readonly host: string; readonly port: string | undefined } {
  const found = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>\d+))?$/.exec(entry);
  const host = found?.groups?.["bracketed"] ?? found?.groups?.["plain"];
  // A bare IPv6 address has colons of its own.
  return host === undefined
    ? { host: entry, port: undefined }
    : { host, port: found?.groups?.["port"] };
}

function isSameAddress(host: string, address: string): boolean {
  const family = isIP(host);
  return family === isIP(address) && isInSubnet(host, `${address}/${family === 4 ? 32 : 128}`);
}

function isInSubnet(host: string, subnet: string): boolean {
  const [network = "", prefix = ""] = subnet.split("/", 2);
  const family = isIP(network);
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}
