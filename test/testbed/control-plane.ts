import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { fieldAt } from "../../src/util/json.ts";
import { AdminClient } from "./admin-client.ts";
import { createAuthority, issueCertificate } from "./certificate.ts";
import { findFreePort } from "./free-port.ts";
import {
  TOKEN_USERS,
  tokenOf,
  writeKubeconfig,
  type ClusterAddress,
  type KubeconfigOptions,
} from "./kubeconfig.ts";
import { PATIENCE_MS } from "./patience.ts";
import type { ServerBinaries } from "./server-binaries.ts";
import { startProcess, waitUntilReady, type SupervisedProcess } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A running cluster as its users see it. */
export type Cluster = {
  readonly address: ClusterAddress;
  /** Speaks as user `admin` of group system:masters. */
  readonly admin: AdminClient;
  /** Writes a kubeconfig for a user and returns its path. */
  writeKubeconfig(user: string, options?: KubeconfigOptions): Promise<string>;
};

/** A cluster that one suite has for itself, and may break. Its disposal ends the servers and removes their data. */
export type ControlPlane = Cluster &
  AsyncDisposable & {
    /** Ends kube-apiserver at once (SIGKILL): connections break. etcd stays. */
    killApiServer(): Promise<void>;
    /** Ends kube-apiserver in order (SIGTERM): open watches are closed. etcd stays. */
    stopApiServer(): Promise<void>;
    /** Starts kube-apiserver again on the same port, after a kill or a stop. */
    startApiServer(): Promise<void>;
    /** Stop, then start. */
    restartApiServer(): Promise<void>;
    /**
     * Makes etcd forget all history but the newest state: to continue an older list is answered with 410. kube-apiserver
     * still knows what it holds in its own cache of events; a restart empties that, and older positions are gone then.
     */
    compact(): Promise<void>;
  };

export type ControlPlaneOptions = {
  /** More flags for kube-apiserver, such as `--etcd-compaction-interval=1s`. */
  readonly apiServerArgs?: readonly string[];
};

/** Starts etcd and kube-apiserver on free ports of 127.0.0.1 and waits until objects can be created. */
export async function launchControlPlane(
  binaries: ServerBinaries,
  options: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("control-plane"));
  await writeFiles(directory);
  const { url: etcdUrl } = starting.use(await startEtcd(binaries.etcd, directory));
  const port = await findFreePort();
  const address: ClusterAddress = { server: `https://127.0.0.1:${port}`, directory };
  const cluster = starting.use(await connectCluster(address));
  const args = [...apiServerArgs({ directory, etcdUrl, port }), ...(options.apiServerArgs ?? [])];
  const launch = (): Promise<SupervisedProcess> =>
    startApiServer(binaries.kubeApiserver, args, cluster.admin);
  let apiServer = await launch();
  starting.defer(async () => await apiServer[Symbol.asyncDispose]());
  const running = starting.move();
  const stopApiServer = async (): Promise<void> => void (await apiServer.stop());
  const restart = async (): Promise<void> => void (apiServer = await launch());
  return {
    ...cluster,
    killApiServer: async () => await apiServer[Symbol.asyncDispose](),
    stopApiServer,
    startApiServer: restart,
    async restartApiServer() {
      await stopApiServer();
      await restart();
    },
    compact: () => compactEtcd(etcdUrl),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A cluster that runs already, be it in another process. */
export async function connectCluster(address: ClusterAddress): Promise<Cluster & AsyncDisposable> {
  const ca = await readFile(join(address.directory, "ca.crt"), "utf8");
  const admin = new AdminClient({ server: address.server, ca, token: tokenOf("admin") });
  return {
    address,
    admin,
    writeKubeconfig: (user, options) => writeKubeconfig(address, user, options),
    [Symbol.asyncDispose]: () => admin[Symbol.asyncDispose](),
  };
}

async function writeFiles(directory: string): Promise<void> {
  const authority = createAuthority();
  const serving = issueCertificate(authority, { commonName: "kube-apiserver", usage: "server" });
  const accounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tokens = TOKEN_USERS.map(
    (user) => `${tokenOf(user)},${user},${user},"${user === "admin" ? "system:masters" : ""}"\n`,
  );
  const files = {
    "ca.crt": authority.certificatePem,
    "ca.key": authority.keyPem,
    "apiserver.crt": serving.certificatePem,
    "apiserver.key": serving.keyPem,
    "sa.key": accounts.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "sa.pub": accounts.publicKey.export({ type: "spki", format: "pem" }).toString(),
    "tokens.csv": tokens.join(""),
  };
  const writes = Object.entries(files).map(([name, text]) =>
    writeFile(join(directory, name), text, { mode: 0o600 }),
  );
  await Promise.all(writes);
}

async function startEtcd(
  command: string,
  directory: string,
): Promise<SupervisedProcess & { readonly url: string }> {
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const peerUrl = `http://127.0.0.1:${await findFreePort()}`;
  const etcd = await startProcess(command, [
    `--data-dir=${join(directory, "etcd")}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ]);
  const isHealthy = async (): Promise<boolean> => {
    const { statusCode, body } = await request(`${url}/health`);
    await body.dump();
    return statusCode === 200;
  };
  await readyOrGone(etcd, isHealthy, "etcd");
  return { ...etcd, url };
}

/** By etcd's JSON gateway: int64 values are strings there, bytes are base64. */
async function compactEtcd(url: string): Promise<void> {
  const call = async (method: string, body: object): Promise<unknown> => {
    const answer = await request(`${url}/v3/kv/${method}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200)
      throw new Error(`Cannot ${method} in etcd: it answered ${answer.statusCode}: ${text}`);
    return JSON.parse(text);
  };
  const state = await call("range", { key: Buffer.from("/").toString("base64") });
  await call("compaction", { revision: fieldAt(state, "header", "revision"), physical: true });
}

type ApiServerPlace = {
  readonly directory: string;
  readonly etcdUrl: string;
  readonly port: number;
};

function apiServerArgs({ directory, etcdUrl, port }: ApiServerPlace): readonly string[] {
  const file = (name: string): string => join(directory, name);
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none", // A loopback address is refused as an endpoint, and nobody needs one here.
    `--cert-dir=${file("certs")}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("sa.pub")}`,
    `--service-account-signing-key-file=${file("sa.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--disable-admission-plugins=ServiceAccount", // Its objects come from the controller manager, which does not run.
    "--allow-privileged=true",
    "--shutdown-delay-duration=0s",
  ];
}

async function startApiServer(
  command: string,
  args: readonly string[],
  admin: AdminClient,
): Promise<SupervisedProcess> {
  const apiServer = await startProcess(command, args);
  const isUsable = async (): Promise<boolean> => {
    if ((await admin.status("/readyz")) !== 200) return false;
    return (await admin.status("/api/v1/namespaces/default")) === 200;
  };
  await readyOrGone(apiServer, isUsable, "kube-apiserver");
  return apiServer;
}

async function readyOrGone(
  server: SupervisedProcess,
  probe: () => Promise<boolean>,
  name: string,
): Promise<void> {
  try {
    await waitUntilReady(server, probe, { name, timeoutMs: PATIENCE_MS });
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
