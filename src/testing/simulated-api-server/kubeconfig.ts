/** A kubeconfig file (in JSON, which is YAML) with one context that leads to a server without TLS. */
export function kubeconfigFor(serverUrl: string, token: string | undefined): string {
  const user = token === undefined ? {} : { token };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "simulated", cluster: { server: serverUrl } }],
    users: [{ name: "simulated", user }],
    contexts: [{ name: "simulated", context: { cluster: "simulated", user: "simulated" } }],
    "current-context": "simulated",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
