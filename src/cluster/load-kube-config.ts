import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { isIPv6 } from "node:net";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import { parse as parseYaml } from "yaml";
import { fieldAt, isMap } from "../util/json.ts";
import { toError } from "../util/to-error.ts";
import type { ProxyVariables } from "./choose-proxy.ts";
import { type ExecPlugin, parseExecPlugin } from "./exec-plugin.ts";

/** Where to look for a cluster; nothing is read from the environment, so each field is handed in. */
export type CredentialsSource = {
  /** Path, or several as in KUBECONFIG; of entries with the same name the first counts. */
  readonly kubeconfig?: string;
  /** The home directory, for `.kube/config`. */
  readonly home?: string;
  /** A context of the kubeconfig; without it, its current one. Naming one rules the in-cluster identity out. */
  readonly context?: string;
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, where they are set. */
  readonly inCluster?: { readonly host: string; readonly port: string };
  /** Proxies on the way to the API server; a kubeconfig's own `proxy-url` comes first. */
  readonly proxies?: ProxyVariables;
  /** What exec plugins find in their environment; default: nothing. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where the service account is mounted; another place for tests. */
  readonly serviceAccountDirectory?: string;
};

/** A KubeConfig with exactly one context, cluster and user, without what is beside it. `source` is for messages. */
export type LoadedKubeConfig =
  | {
      readonly type: "loaded";
      readonly kubeConfig: KubeConfig;
      readonly cluster: ClusterEntry;
      readonly tokenFile?: string;
      readonly plugin?: ExecPlugin;
      readonly source: string;
    }
  | LoadFailure;

/** `execConfig`: what the cluster's extension for exec plugins says. */
export type ClusterEntry = Cluster & { readonly execConfig?: unknown };

/** `wrong`: a setting that names what is not there, and what would be (contexts); without it the cluster or a file is at fault. */
export type LoadFailure = {
  readonly type: "failed";
  readonly error: Error;
  readonly wrong?: {
    readonly setting: "kubeconfig" | "context";
    readonly why: string;
    readonly known: readonly string[];
  };
};

const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** client-go, `clientcmd/api/types.go`. */
const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

/** Reads the kubeconfig named, else the in-cluster identity, else `~/.kube/config`; an error lists what was tried. */
export function loadKubeConfig(source: CredentialsSource): LoadedKubeConfig {
  if (source.kubeconfig !== undefined && source.kubeconfig !== "") {
    return loadFiles(
      source.kubeconfig.split(delimiter).filter((path) => path !== ""),
      source.context,
    );
  }
  const tried: string[] = [];
  if (source.context === undefined) {
    const directory = source.serviceAccountDirectory ?? SERVICE_ACCOUNT_DIRECTORY;
    const tokenPath = join(directory, "token");
    if (source.inCluster === undefined)
      tried.push("in-cluster (KUBERNETES_SERVICE_HOST is not set)");
    else if (!existsSync(tokenPath)) tried.push(`in-cluster (no file "${tokenPath}")`);
    else return loadInCluster(source.inCluster, directory);
  }
  if (source.home === undefined) tried.push("~/.kube/config (HOME is not set)");
  else {
    const path = join(source.home, ".kube", "config");
    if (existsSync(path)) return loadFiles([path], source.context);
    tried.push(`"${path}" (no such file)`);
  }
  return failed(
    `Cannot find a cluster: tried ${tried.join(" and ")}; set KUBECONFIG to a kubeconfig file`,
  );
}

function loadInCluster(
  { host, port }: { readonly host: string; readonly port: string },
  directory: string,
): LoadedKubeConfig {
  const cluster: Cluster = {
    name: "in-cluster",
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    caFile: join(directory, "ca.crt"),
    skipTLSVerify: false,
  };
  const user: User = {
    name: "in-cluster",
    authProvider: { name: "tokenFile", config: { tokenFile: join(directory, "token") } },
  };
  return single(cluster, user, `the service account in "${directory}"`);
}

function loadFiles(paths: readonly string[], context: string | undefined): LoadedKubeConfig {
  const merged = new KubeConfig();
  const read: string[] = [];
  for (const path of paths) {
    // kubectl passes over missing files of a list, too.
    if (!existsSync(path)) continue;
    try {
      mergeFirstWins(merged, loadFile(path));
      read.push(path);
    } catch (error) {
      const place = fieldAt(error, "mark", "line");
      // A YAMLException quotes the lines around it, and a token may stand there.
      if (typeof place === "number")
        return failed(`Cannot read kubeconfig "${path}": it is not YAML (at line ${place + 1})`);
      return failed(`Cannot read kubeconfig "${path}": ${toError(error).message}`, error);
    }
  }
  const files = quoteAll(read.length === 0 ? paths : read);
  if (read.length === 0) {
    const wrong = { setting: "kubeconfig", why: "no such file", known: [] } as const;
    return { ...failed(`Cannot read kubeconfig ${files}: no such file`), wrong };
  }
  return chooseContext(merged, files, context);
}

function chooseContext(
  config: KubeConfig,
  files: string,
  wanted: string | undefined,
): LoadedKubeConfig {
  const known = config.contexts.map(({ name }) => name);
  const names = quoteAll(known);
  const offered = names === "" ? "it has no contexts" : `its contexts are ${names}`;
  const name = wanted ?? config.currentContext;
  if (name === undefined || name === "") {
    return failed(
      `Cannot choose a context of kubeconfig ${files}: it names no current-context; set LIFELINE_CONTEXT, ${offered}`,
    );
  }
  const context = config.getContextObject(name);
  if (context === null) {
    const failure = failed(`Cannot use context "${name}" of kubeconfig ${files}: ${offered}`);
    // A current-context that is not there is the file's fault.
    if (wanted === undefined) return failure;
    const why = `no such context in kubeconfig ${files}`;
    return { ...failure, wrong: { setting: "context", why, known } };
  }
  const cluster: ClusterEntry | null = config.getCluster(context.cluster);
  if (cluster === null) {
    return failed(
      `Cannot use context "${name}" of kubeconfig ${files}: it names cluster "${context.cluster}", which is not there`,
    );
  }
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server)) {
    return failed(
      `Cannot use cluster "${cluster.name}" of kubeconfig ${files}: its server is "${cluster.server}", and must be an http or https URL`,
    );
  }
  const user = config.getUser(context.user) ?? { name: "anonymous" };
  return single(cluster, user, `context "${name}" of ${files}`);
}

function single(cluster: ClusterEntry, user: User, source: string): LoadedKubeConfig {
  const kubeConfig = new KubeConfig();
  // client-node throws for plain http unless TLS verification is off, which means nothing there.
  const plain = cluster.server.startsWith("http:");
  // Ours is the way there: client-node would make agents for a proxy, and throws for one that it does not know.
  const { proxyUrl: _, ...direct } = cluster;
  // Ours, too: client-node's token files are cut off by the clock, and its plugins cannot be ended.
  const plugin = parseExecPlugin(user.exec);
  const tokenFile = tokenFileOf(user);
  const { exec, authProvider, ...rest } = user;
  kubeConfig.loadFromClusterAndUser(
    { ...direct, skipTLSVerify: plain || cluster.skipTLSVerify },
    {
      ...rest,
      ...(plugin === undefined ? { exec } : {}),
      ...(tokenFile === undefined && authProvider !== undefined ? { authProvider } : {}),
    },
  );
  return {
    type: "loaded",
    kubeConfig,
    cluster,
    source,
    ...(plugin === undefined ? {} : { plugin }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
}

function tokenFileOf({ authProvider }: User): string | undefined {
  const path = fieldAt(authProvider, "config", "tokenFile");
  return fieldAt(authProvider, "name") === "tokenFile" && typeof path === "string"
    ? path
    : undefined;
}

function loadFile(path: string): KubeConfig {
  const text = readFileSync(path, "utf8");
  const config = new KubeConfig();
  config.loadFromString(text, { onInvalidEntry: "filter" });
  config.makePathsAbsolute(dirname(path));
  const tokenFiles = readTokenFiles(text);
  const execConfigs = readExecConfigs(text);
  config.users = config.users.map((user) => completeUser(user, dirname(path), tokenFiles));
  config.clusters = config.clusters.map((cluster) => {
    const execConfig = execConfigs.get(cluster.name);
    const entry: ClusterEntry = execConfig === undefined ? cluster : { ...cluster, execConfig };
    return entry;
  });
  return config;
}

/** What client-node 2.0 leaves out of users: `tokenFile` and relative exec commands. */
function completeUser(
  user: User,
  directory: string,
  tokenFiles: ReadonlyMap<string, string>,
): User {
  const tokenFile = tokenFiles.get(user.name);
  const exec: unknown = user.exec;
  if (isMap(exec)) return { ...user, exec: completeExec(exec, directory) };
  if (tokenFile === undefined) return user;
  const { token: _, ...rest } = user; // tokenFile takes precedence over token (client-go, clientcmd/api/types.go).
  const absolute = isAbsolute(tokenFile) ? tokenFile : join(directory, tokenFile);
  return { ...rest, authProvider: { name: "tokenFile", config: { tokenFile: absolute } } };
}

function completeExec(exec: Readonly<Record<string, unknown>>, directory: string): unknown {
  const { command } = exec;
  const isRelative = typeof command === "string" && command.includes("/") && !isAbsolute(command);
  return isRelative ? { ...exec, command: join(directory, command) } : exec;
}

/** What clusters say to exec plugins, by the cluster's name. */
function readExecConfigs(text: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const clusters = text.includes(EXEC_EXTENSION) ? fieldAt(parseYaml(text), "clusters") : undefined;
  for (const entry of Array.isArray(clusters) ? clusters : []) {
    const name = fieldAt(entry, "name");
    const extensions = fieldAt(entry, "cluster", "extensions");
    for (const extension of Array.isArray(extensions) ? extensions : []) {
      if (typeof name === "string" && fieldAt(extension, "name") === EXEC_EXTENSION)
        found.set(name, fieldAt(extension, "extension"));
    }
  }
  return found;
}

function readTokenFiles(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // Read a second time only where there is something to find.
  const users = text.includes("tokenFile") ? fieldAt(parseYaml(text), "users") : undefined;
  for (const entry of Array.isArray(users) ? users : []) {
    const name = fieldAt(entry, "name");
    const tokenFile = fieldAt(entry, "user", "tokenFile");
    if (typeof name === "string" && typeof tokenFile === "string") found.set(name, tokenFile);
  }
  return found;
}

function mergeFirstWins(into: KubeConfig, from: KubeConfig): void {
  into.clusters = [...into.clusters, ...from.clusters.filter(isNewIn(into.clusters))];
  into.users = [...into.users, ...from.users.filter(isNewIn(into.users))];
  into.contexts = [...into.contexts, ...from.contexts.filter(isNewIn(into.contexts))];
  into.currentContext ||= from.currentContext;
}

function isNewIn(
  known: readonly { readonly name: string }[],
): (entry: { name: string }) => boolean {
  const names = new Set(known.map(({ name }) => name));
  return ({ name }) => !names.has(name);
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

function failed(message: string, cause?: unknown): LoadFailure {
  return { type: "failed", error: new Error(message, cause === undefined ? {} : { cause }) };
}
