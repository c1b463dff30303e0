import { readFile } from "node:fs/promises";
import type { RequestOptions as HttpsOptions } from "node:https";
import { fieldAt } from "../util/json.ts";
import { systemClock, type Clock } from "../util/clock.ts";
import { describeSyntaxError } from "../util/parse-json.ts";
import { toError } from "../util/to-error.ts";
import {
  chooseProxy,
  parseProxyUrl,
  type ProxyChoice,
  type ProxyVariables,
} from "./choose-proxy.ts";
import { runExecPlugin, type ExecPlugin, type PluginRun } from "./exec-plugin.ts";
import {
  loadKubeConfig,
  type ClusterEntry,
  type CredentialsSource,
  type LoadedKubeConfig,
  type LoadFailure,
} from "./load-kube-config.ts";
import type { ExecCredential } from "./parse-exec-credential.ts";

/** What a TLS connection to the API server needs; PEM. */
export type TlsOptions = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

/** What proves who we are, for one request. An exec plugin may give a client certificate, so TLS is part of it. */
export type Authorization =
  | {
      readonly type: "authorized";
      readonly headers: Readonly<Record<string, string>>;
      readonly tls: TlsOptions;
    }
  | { readonly type: "failed"; readonly error: Error };

/** One identity on one cluster. */
export interface Credentials {
  /** Such as `https://10.0.0.1:6443`. */
  readonly origin: string;
  /** Empty, or such as `/k8s/clusters/c-1`: in front of every path. */
  readonly pathPrefix: string;
  /** The proxy on the way there; may hold a name and a password. */
  readonly proxy?: URL;
  /** Where they come from, for messages. */
  readonly source: string;
  /**
   * Never throws. Calls that overlap share one run of an exec plugin, which is killed after 30 s, and what it gave is
   * kept until shortly before it expires. Files are read each time; one that cannot be read is what it was.
   */
  authorize(): Promise<Authorization>;
  /**
   * After a 401: reads everything anew (kubeconfig, token file, exec plugin), unless another request has already done so since
   * `rejected` was handed out.
   */
  refresh(rejected: Authorization): Promise<Authorization>;
  /** Kills an exec plugin that is running; absent where there is none. */
  close?(): void;
}

export type LoadedCredentials =
  | { readonly type: "loaded"; readonly credentials: Credentials }
  | LoadFailure;

/**
 * Finds the cluster and the identity: a kubeconfig named, else the in-cluster service account, else `~/.kube/config`.
 *
 * Reads no environment variables: what an exec plugin finds is handed in.
 * Exec plugins and files are not tried before the first `authorize()`.
 */
export function loadCredentials(
  source: CredentialsSource,
  clock: Clock = systemClock,
): LoadedCredentials {
  const loaded = loadKubeConfig(source);
  if (loaded.type === "failed") return loaded;
  const { cluster } = loaded;
  const url = new URL(cluster.server);
  const way = chooseWay(cluster, source.proxies ?? {});
  if (way.type === "wrong") {
    const message = `Cannot use proxy "${way.shown}" to reach ${url.origin}: it must be the URL of an http or https proxy; it was set by proxy-url of the kubeconfig, else from HTTPS_PROXY, HTTP_PROXY or ALL_PROXY`;
    return { type: "failed", error: new Error(message) };
  }
  const place = {
    origin: url.origin,
    pathPrefix: url.pathname.replace(/\/+$/, ""),
    source: loaded.source,
    ...(way.type === "proxy" ? { proxy: way.url } : {}),
  };
  const from = { ...source, clock };
  return { type: "loaded", credentials: new KubeConfigCredentials(loaded, from, place) };
}

/** client-go's order: what the kubeconfig says of this cluster holds whatever `NO_PROXY` says. */
function chooseWay(cluster: ClusterEntry, variables: ProxyVariables): ProxyChoice {
  const { proxyUrl }: { readonly proxyUrl?: unknown } = cluster;
  return typeof proxyUrl === "string" && proxyUrl !== ""
    ? parseProxyUrl(proxyUrl)
    : chooseProxy(new URL(cluster.server), variables);
}

/** As long as a request's answer: what needs a person, or hangs, is not waited for. */
const RUN_LIMIT_MS = 30_000;

/** Before a credential expires, so that a request that is under way does not; or a tenth of what lives shorter. */
const EXPIRY_LEEWAY_MS = 60_000;

type Place = Pick<Credentials, "origin" | "pathPrefix" | "source" | "proxy">;
type Loaded = Extract<LoadedKubeConfig, { readonly type: "loaded" }>;
type Given = { readonly credential: ExecCredential; readonly renewAtMs: number };

class KubeConfigCredentials implements Credentials {
  readonly origin: string;
  readonly pathPrefix: string;
  readonly source: string;
  readonly proxy?: URL;
  readonly #from: CredentialsSource & { readonly clock: Clock };
  #loaded: Loaded;
  #running: Promise<Authorization> | undefined;
  #stop = new AbortController();
  #last: Authorization | undefined;
  /** Files are replaced while we read them: what was read last is still the best there is. */
  #lastTls: HttpsOptions | undefined;
  #lastToken: string | undefined;
  #given: Given | undefined;

  constructor(loaded: Loaded, from: CredentialsSource & { readonly clock: Clock }, place: Place) {
    this.#loaded = loaded;
    this.#from = from;
    this.origin = place.origin;
    this.pathPrefix = place.pathPrefix;
    this.source = place.source;
    if (place.proxy !== undefined) this.proxy = place.proxy;
  }

  authorize(): Promise<Authorization> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async refresh(rejected: Authorization): Promise<Authorization> {
    await this.#running;
    if (!isSame(rejected, this.#last)) return this.authorize();
    if (this.#running === undefined) {
      const reloaded = loadKubeConfig(this.#from);
      // A kubeconfig that is gone or half written: what was loaded before is still the best there is.
      if (reloaded.type === "loaded") this.#loaded = reloaded;
      this.#given = undefined;
    }
    return this.authorize();
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<Authorization> {
    const done = new AbortController();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const tooLate = this.#from.clock
      .sleep(RUN_LIMIT_MS, done.signal)
      .then(() =>
        this.#failed(`nothing came within ${RUN_LIMIT_MS / 1000} s; does its exec plugin hang?`),
      );
    this.#last = await Promise.race([this.#authorize(signal), tooLate]);
    done.abort();
    // Only a plugin that hangs is still there to be ended.
    this.#stop.abort();
    return this.#last;
  }

  async #authorize(signal: AbortSignal): Promise<Authorization> {
    try {
      const options = await this.#readOptions();
      const found = toAuthorization(options);
      const { tokenFile, plugin } = this.#loaded;
      if (tokenFile !== undefined) return withToken(found, await this.#readToken(tokenFile));
      if (plugin === undefined) return found;
      const run = await this.#runPlugin(plugin, options, signal);
      if (run.type === "failed") return this.#failed(run.problem, { cause: run.cause });
      const { token, cert, key } = run.credential;
      const known = token === undefined ? found : withToken(found, token);
      return cert === undefined || key === undefined
        ? known
        : { ...known, tls: { ...known.tls, cert, key } };
    } catch (error) {
      // A SyntaxError quotes what somebody said: a token, perhaps.
      if (error instanceof SyntaxError)
        return this.#failed(`the answer ${describeSyntaxError(error)}`);
      return this.#failed(toError(error).message, { cause: error });
    }
  }

  /** The headers and files that client-node knows; it reads the files each time. */
  async #readOptions(): Promise<HttpsOptions> {
    const options: HttpsOptions = {};
    try {
      await this.#loaded.kubeConfig.applyToHTTPSOptions(options);
    } catch (error) {
      const isFile = fieldAt(error, "syscall") !== undefined;
      if (!isFile || this.#lastTls === undefined) throw error;
      return this.#lastTls;
    }
    this.#lastTls = options;
    return options;
  }

  async #readToken(path: string): Promise<string> {
    try {
      const token = (await readFile(path, "utf8")).trim();
      if (token === "") throw new Error(`token file "${path}" is empty`);
      this.#lastToken = token;
      return token;
    } catch (error) {
      if (this.#lastToken === undefined) throw error;
      return this.#lastToken;
    }
  }

  /** What the plugin gave last, until shortly before it expires; while it is good no failure of the plugin matters. */
  async #runPlugin(
    plugin: ExecPlugin,
    options: HttpsOptions,
    signal: AbortSignal,
  ): Promise<PluginRun> {
    const { clock, environment = {} } = this.#from;
    const given = this.#given;
    if (given !== undefined && clock.now() < given.renewAtMs)
      return { type: "credential", credential: given.credential };
    const cluster = describeCluster(this.#loaded.cluster, options);
    const run = await runExecPlugin(plugin, { environment, cluster, signal });
    const nowMs = clock.now();
    if (run.type === "credential") {
      this.#given = { credential: run.credential, renewAtMs: renewalOf(run.credential, nowMs) };
      return run;
    }
    const { expiresAtMs = nowMs } = given?.credential ?? {};
    if (given === undefined || expiresAtMs <= nowMs) return run;
    // Tried again soon, but not for each request.
    const renewAtMs = nowMs + (expiresAtMs - nowMs) / 2;
    this.#given = { ...given, renewAtMs };
    return { type: "credential", credential: given.credential };
  }

  #failed(problem: string, options: ErrorOptions = {}): Authorization {
    const error = new Error(`Cannot get credentials from ${this.source}: ${problem}`, options);
    return { type: "failed", error };
  }
}

function renewalOf({ expiresAtMs }: ExecCredential, nowMs: number): number {
  if (expiresAtMs === undefined) return Infinity;
  const leewayMs = Math.min(EXPIRY_LEEWAY_MS, (expiresAtMs - nowMs) / 10);
  return expiresAtMs - Math.max(0, leewayMs);
}

/** `spec.cluster` of an `ExecCredential` (client-go, `pkg/apis/clientauthentication/v1`). */
function describeCluster(cluster: ClusterEntry, { ca }: HttpsOptions): unknown {
  const { proxyUrl }: { readonly proxyUrl?: unknown } = cluster;
  const caPem = pem("ca", ca).ca;
  return {
    server: cluster.server,
    ...(cluster.tlsServerName === undefined ? {} : { "tls-server-name": cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { "insecure-skip-tls-verify": true } : {}),
    ...(caPem === undefined
      ? {}
      : { "certificate-authority-data": Buffer.from(caPem).toString("base64") }),
    ...(typeof proxyUrl === "string" ? { "proxy-url": proxyUrl } : {}),
    ...(cluster.execConfig === undefined ? {} : { config: cluster.execConfig }),
  };
}

type Authorized = Extract<Authorization, { readonly type: "authorized" }>;

function withToken(found: Authorized, token: string): Authorized {
  return { ...found, headers: { ...found.headers, authorization: `Bearer ${token}` } };
}

function toAuthorization(options: HttpsOptions): Authorized {
  const headers: Record<string, string> = {};
  if (typeof options.auth === "string") {
    headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // Token files end with a line feed more often than not.
    headers[name.toLowerCase()] = String(value).trim();
  }
  const tls = {
    ...pem("ca", options.ca),
    ...pem("cert", options.cert),
    ...pem("key", options.key),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(options.rejectUnauthorized === undefined
      ? {}
      : { rejectUnauthorized: options.rejectUnauthorized }),
  };
  return { type: "authorized", headers, tls };
}

function pem(name: "ca" | "cert" | "key", value: unknown): Pick<TlsOptions, "ca" | "cert" | "key"> {
  if (Buffer.isBuffer(value)) return { [name]: value.toString("utf8") };
  return typeof value === "string" ? { [name]: value } : {};
}

function isSame(a: Authorization, b: Authorization | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
