import { KubeConfig } from "@kubernetes/client-node";

/** What client-node is told of a server without TLS, which it takes only from one whose certificates are not to be verified. */
export function clientNodeConfig(server: string): KubeConfig {
  const name = "replay";
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name, server, skipTLSVerify: true }, { name });
  return config;
}
