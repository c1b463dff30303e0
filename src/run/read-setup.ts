import { type Credentials, loadCredentials } from "../cluster/credentials.ts";
import { nearestName } from "../util/nearest-name.ts";
import { type Configuration, readConfiguration, setText } from "./configuration.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import { VARIABLES } from "./variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A few long paths; a kubeconfig with a token or a certificate in it is longer. */
const PATHS_MAX_CHARACTERS = 500;

/**
 * `invalid`: what users set is wrong, all of it; not `isLasting` where only files are missing something that the environment names, as
 * they may still get it. `failed`: it is right, but there is no cluster to be found by it.
 */
export type Setup =
  | {
      readonly type: "ready";
      readonly configuration: Configuration;
      readonly credentials: Credentials;
    }
  | {
      readonly type: "invalid";
      readonly problems: readonly ConfigurationProblem[];
      readonly isLasting: boolean;
    }
  | { readonly type: "failed"; readonly configuration: Configuration; readonly error: Error };

/** Reads the environment and the kubeconfig that it names, so that a context that is not there is told with all else that is wrong. */
export function readSetup(
  env: Environment,
  { home, bareTerminal }: { readonly home: string; readonly bareTerminal: boolean },
): Setup {
  const read = readConfiguration(env, { bareTerminal });
  const loaded = loadCredentials(credentialsSource(env, home));
  const problems = [
    ...(read.type === "invalid" ? read.problems : []),
    ...(loaded.type === "failed" ? wrongSetting(env, loaded) : []),
  ];
  if (read.type === "invalid" || problems.length > 0)
    return { type: "invalid", problems, isLasting: read.type === "invalid" };
  const { configuration } = read;
  return loaded.type === "failed"
    ? { type: "failed", configuration, error: loaded.error }
    : { type: "ready", configuration, credentials: loaded.credentials };
}

type LoadFailure = Extract<ReturnType<typeof loadCredentials>, { readonly type: "failed" }>;

function wrongSetting(env: Environment, { wrong }: LoadFailure): readonly ConfigurationProblem[] {
  if (wrong === undefined) return [];
  const { name: variable, type } = VARIABLES[wrong.setting];
  const seen = setText(VARIABLES[wrong.setting], env) ?? "";
  const nearest = nearestName(seen, wrong.known);
  const wanted = wrong.known.length === 0 ? type.wanted : wrong.known.join(", ");
  if (wrong.setting === "kubeconfig" && !mayBePaths(seen))
    return [{ variable, why: "not the path of a file: the content of one, perhaps", wanted }];
  const problem = { variable, seen, why: wrong.why, wanted };
  return [nearest === undefined ? problem : { ...problem, nearest }];
}

/** Whole kubeconfigs, as YAML, JSON or base64, get into KUBECONFIG by mistake: nothing that may be one is repeated. */
function mayBePaths(text: string): boolean {
  return text.length <= PATHS_MAX_CHARACTERS && !/[\n{]/.test(text);
}

function credentialsSource(env: Environment, home: string): Parameters<typeof loadCredentials>[0] {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  return {
    home,
    environment: env,
    ...chosen({
      kubeconfig: setText(VARIABLES.kubeconfig, env),
      context: setText(VARIABLES.context, env),
    }),
    ...(host === undefined || port === undefined ? {} : { inCluster: { host, port } }),
    proxies: chosen({
      httpsProxy: setText(VARIABLES.httpsProxy, env),
      httpProxy: setText(VARIABLES.httpProxy, env),
      allProxy: setText(VARIABLES.allProxy, env),
      noProxy: setText(VARIABLES.noProxy, env),
    }),
  };
}

/** What is set of them. */
function chosen<Key extends string>(
  values: Readonly<Record<Key, string | undefined>>,
): Readonly<Partial<Record<Key, string>>> {
  const set: Partial<Record<Key, string>> = {};
  for (const key in values) if (values[key] !== undefined) set[key] = values[key];
  return set;
}
