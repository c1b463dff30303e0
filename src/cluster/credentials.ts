import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster } from "@kubernetes/client-node/dist/config_types.js";
import { systemClock, type Clock } from "../util/clock.ts";
import { describeSyntaxError } from "../util/parse-json.ts";
import { toError } from "../util/to-error.ts";
import {
  chooseProxy,
  parseProxyUrl,
  type ProxyChoice,
  type ProxyVariables,
} from "./choose-proxy.ts";
import { loadKubeConfig, type CredentialsSource, type LoadFailure } from "./load-kube-config.ts";

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
   * Never throws. Calls that overlap share one run of an exec plugin, which is given up after 30 s; token files are
   * re-read once a minute.
   */
  authorize(): Promise<Authorization>;
  /**
   * After a 401: reads everything anew (kubeconfig, token file, exec plugin), unless another request has already done so since
   * `rejected` was handed out.
   */
  refresh(rejected: Authorization): Promise<Authorization>;
}

export type LoadedCredentials =
  | { readonly type: "loaded"; readonly credentials: Credentials }
  | LoadFailure;

/**
 * Finds the cluster and the identity: a kubeconfig named, else the in-cluster service account, else `~/.kube/config`.
 *
 * Reads no environment variables; but an exec plugin is started (by client-node) with this process's environment.
 * Exec plugins and files are not tried before the first `authorize()`.
 */
export function loadCredentials(
  source: CredentialsSource,
  clock: Clock = systemClock,
): LoadedCredentials {
  const loaded = loadKubeConfig(source);
  if (loaded.type === "failed") return loaded;
  const { cluster, kubeConfig } = loaded;
  const url = new URL(cluster.server);
  const way = chooseWay(cluster, source.proxies ?? {});
  if (way.type === "wrong") {
    const message = `Cannot use proxy "${way.shown}" to reach ${url.origin}: must be the URL of an http or https proxy; it comes from proxy-url of the kubeconfig, else from HTTPS_PROXY, HTTP_PROXY or ALL_PROXY`;
    return { type: "failed", error: new Error(message) };
  }
  const place = {
    origin: url.origin,
    pathPrefix: url.pathname.replace(/\/+$/, ""),
    source: loaded.source,
    ...(way.type === "proxy" ? { proxy: way.url } : {}),
  };
  const from = { ...source, clock };
  return { type: "loaded", credentials: new KubeConfigCredentials(kubeConfig, from, place) };
}

/** client-go's order: what the kubeconfig says of this cluster holds whatever `NO_PROXY` says. */
function chooseWay(cluster: Cluster, variables: ProxyVariables): ProxyChoice {
  const { proxyUrl }: { readonly proxyUrl?: unknown } = cluster;
  return typeof proxyUrl === "string" && proxyUrl !== ""
    ? parseProxyUrl(proxyUrl)
    : chooseProxy(new URL(cluster.server), variables);
}

/** As long as a request's answer: what needs a person, or hangs, is not waited for. */
const RUN_LIMIT_MS = 30_000;

type Place = Pick<Credentials, "origin" | "pathPrefix" | "source" | "proxy">;

class KubeConfigCredentials implements Credentials {
  readonly origin: string;
  readonly pathPrefix: string;
  readonly source: string;
  readonly proxy?: URL;
  readonly #from: CredentialsSource & { readonly clock: Clock };
  #kubeConfig: KubeConfig;
  #running: Promise<Authorization> | undefined;
  #last: Authorization | undefined;

  constructor(
    kubeConfig: KubeConfig,
    from: CredentialsSource & { readonly clock: Clock },
    place: Place,
  ) {
    this.#kubeConfig = kubeConfig;
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
      if (reloaded.type === "loaded") this.#kubeConfig = reloaded.kubeConfig;
    }
    return this.authorize();
  }

  /** A run that hangs is left to itself: what it says later is nobody's, and the next call begins another. */
  async #run(): Promise<Authorization> {
    const done = new AbortController();
    const tooLate = this.#from.clock
      .sleep(RUN_LIMIT_MS, done.signal)
      .then(() =>
        this.#failed(`nothing came within ${RUN_LIMIT_MS / 1000} s; does its exec plugin hang?`),
      );
    this.#last = await Promise.race([this.#authorize(), tooLate]);
    done.abort();
    return this.#last;
  }

  async #authorize(): Promise<Authorization> {
    const options: RequestOptions = {};
    try {
      await this.#kubeConfig.applyToHTTPSOptions(options);
      return toAuthorization(options);
    } catch (error) {
      // A SyntaxError quotes what the plugin said: a token, perhaps.
      if (error instanceof SyntaxError)
        return this.#failed(`the answer ${describeSyntaxError(error)}`);
      return this.#failed(toError(error).message, { cause: error });
    }
  }

  #failed(problem: string, options: ErrorOptions = {}): Authorization {
    const error = new Error(`Cannot get credentials from ${this.source}: ${problem}`, options);
    return { type: "failed", error };
  }
}

function toAuthorization(options: RequestOptions): Authorization {
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
