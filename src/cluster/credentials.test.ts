import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { loadCredentials, type Credentials } from "./credentials.ts";
import type { CredentialsSource } from "./load-kube-config.ts";

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-credentials-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

type Entry = Readonly<Record<string, unknown>>;

/** A kubeconfig (JSON is YAML) with one context `main`, unless `more` says otherwise. */
function writeKubeconfig(
  path: string,
  { user = {}, cluster = {}, ...more }: { user?: Entry; cluster?: Entry } & Entry = {},
): string {
  const config = {
    clusters: [{ name: "c", cluster: { server: "https://api.test:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "main", context: { cluster: "c", user: "u" } }],
    "current-context": "main",
    ...more,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function load(source: CredentialsSource, clock?: FakeClock): Credentials {
  const loaded = loadCredentials(source, clock);
  if (loaded.type === "failed") throw loaded.error;
  return loaded.credentials;
}

function messageOf(source: CredentialsSource): string {
  const loaded = loadCredentials(source);
  return loaded.type === "failed" ? loaded.error.message : "loaded";
}

async function headersOf(credentials: Credentials): Promise<unknown> {
  const authorization = await credentials.authorize();
  return authorization.type === "authorized" ? authorization.headers : authorization.error.message;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("loadCredentials() reads server, prefix, proxy, CA, client certificate and TLS settings", async () => {
  const directory = createDirectory();
  writeFileSync(join(directory, "client.crt"), "CERT");
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    cluster: {
      server: "https://rancher.test/k8s/clusters/c-1/",
      "certificate-authority-data": base64("CA"),
      "tls-server-name": "api.test",
      "proxy-url": "http://proxy:3128",
    },
    user: { "client-certificate": "client.crt", "client-key-data": base64("KEY") },
  });

  const credentials = load({ kubeconfig });
  const authorization = await credentials.authorize();

  expect(credentials).toMatchObject({
    origin: "https://rancher.test",
    pathPrefix: "/k8s/clusters/c-1",
    proxy: new URL("http://proxy:3128"),
    source: `context "main" of "${kubeconfig}"`,
  });
  expect(authorization).toEqual({
    type: "authorized",
    headers: {},
    tls: { ca: "CA", cert: "CERT", key: "KEY", servername: "api.test" },
  });
});

test("F08 proxy: the kubeconfig's own comes before the variables, and holds whatever NO_PROXY says", () => {
  const path = join(createDirectory(), "config");
  const proxies = { httpsProxy: "http://variable.test:3128", noProxy: "other.test" };
  const found = [
    { proxies },
    { proxies: { ...proxies, noProxy: "api.test" } },
    { proxies: { ...proxies, noProxy: "api.test" }, cluster: { "proxy-url": "kubeconfig.test" } },
    { proxies, cluster: { "proxy-url": "https://kubeconfig.test" } },
    {},
  ].map(({ cluster = {}, ...source }) => {
    const kubeconfig = writeKubeconfig(path, { cluster });
    return load({ kubeconfig, ...source }).proxy?.href;
  });

  expect(found).toEqual([
    "http://variable.test:3128/",
    undefined,
    "http://kubeconfig.test/",
    "https://kubeconfig.test/",
    undefined,
  ]);
});

test("F08 proxy: loadCredentials() says what proxy it cannot use, without its password", () => {
  const kubeconfig = writeKubeconfig(join(createDirectory(), "config"), {
    cluster: { "proxy-url": "socks5://me:hunter2@proxy.test:1080" },
  });

  const message = messageOf({ kubeconfig });

  expect(message).toMatch(
    /^Cannot use proxy "socks5:\/\/…@proxy.test:1080" to reach https:.*must be/,
  );
});

test.each([
  { name: "a token", user: { token: "t-1\n" }, headers: { authorization: "Bearer t-1" } },
  {
    name: "a name and a password",
    user: { username: "me", password: "pw" },
    headers: { authorization: `Basic ${base64("me:pw")}` },
  },
  {
    name: "impersonation",
    user: { token: "t", as: "other" },
    headers: { authorization: "Bearer t", "impersonate-user": "other" },
  },
  { name: "nothing", user: {}, headers: {} },
])("authorize() gives the headers of $name", async ({ user, headers }) => {
  const kubeconfig = writeKubeconfig(join(createDirectory(), "config"), { user });

  const found = await headersOf(load({ kubeconfig }));

  expect(found).toEqual(headers);
});

test("loadCredentials() takes plain http and verification that is off as they are", async () => {
  const directory = createDirectory();
  const plain = writeKubeconfig(join(directory, "plain"), {
    cluster: { server: "http://127.0.0.1:8001" },
  });
  const unverified = writeKubeconfig(join(directory, "unverified"), {
    cluster: { "insecure-skip-tls-verify": true },
  });

  const found = [
    await load({ kubeconfig: plain }).authorize(),
    await load({ kubeconfig: unverified }).authorize(),
  ];

  expect(found).toMatchObject([
    { type: "authorized" },
    { type: "authorized", tls: { rejectUnauthorized: false } },
  ]);
});

test("authorize() re-reads a token file after refresh(), which takes precedence over a token", async () => {
  const directory = createDirectory();
  const tokenFile = join(directory, "token");
  writeFileSync(tokenFile, "old\n");
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    user: { tokenFile: "token", token: "fixed" },
  });
  const credentials = load({ kubeconfig });

  const rejected = await credentials.authorize();
  writeFileSync(tokenFile, "new\n");
  const refreshed = await credentials.refresh(rejected);
  const later = await credentials.refresh(rejected);

  expect(
    [rejected, refreshed, later].map((each) =>
      each.type === "authorized" ? each.headers : each.error,
    ),
  ).toEqual([
    { authorization: "Bearer old" },
    { authorization: "Bearer new" },
    { authorization: "Bearer new" },
  ]);
});

test("refresh() reads the kubeconfig again, and keeps what it had when the file is gone", async () => {
  const path = writeKubeconfig(join(createDirectory(), "config"), { user: { token: "old" } });
  const credentials = load({ kubeconfig: path });

  writeKubeconfig(path, { user: { token: "new" } });
  const rewritten = await credentials.refresh(await credentials.authorize());
  rmSync(path);
  const gone = await credentials.refresh(rewritten);

  expect(rewritten).toMatchObject({ headers: { authorization: "Bearer new" } });
  expect(gone).toEqual(rewritten);
});

/** An exec plugin that notes each run in a file, and gives the number of the run as its token. */
function writePlugin(
  directory: string,
  status = '{"token":"run-\'"$n"\'"}',
): { command: string; runs: () => number } {
  const log = join(directory, "runs");
  writeFileSync(log, "");
  const script = `#!/bin/sh\ncase "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 3;; esac\necho run >> ${log}\nn=$(wc -l < ${log} | tr -d ' ')\necho '{"kind":"ExecCredential","status":${status}}'\n`;
  writeFileSync(join(directory, "plugin"), script);
  chmodSync(join(directory, "plugin"), 0o755);
  return { command: "./plugin", runs: () => readFileSync(log, "utf8").split("\n").length - 1 };
}

test("authorize() runs an exec plugin once for all that ask at the same time, and again after refresh()", async () => {
  const directory = createDirectory();
  const { command, runs } = writePlugin(directory);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command };
  const credentials = load({
    kubeconfig: writeKubeconfig(join(directory, "config"), { user: { exec } }),
  });

  const together = await Promise.all([
    credentials.authorize(),
    credentials.authorize(),
    credentials.authorize(),
  ]);
  const [rejected] = together;
  const refreshed = await Promise.all([
    credentials.refresh(rejected),
    credentials.refresh(rejected),
  ]);
  const late = await credentials.refresh(rejected);

  expect(
    together.map((each) => each.type === "authorized" && each.headers["authorization"]),
  ).toEqual(["Bearer run-1", "Bearer run-1", "Bearer run-1"]);
  expect(
    refreshed.map((each) => each.type === "authorized" && each.headers["authorization"]),
  ).toEqual(["Bearer run-2", "Bearer run-2"]);
  expect(late).toEqual(refreshed[0]);
  expect(runs()).toBe(2);
});

test("authorize() gives a run of an exec plugin up after 30 s, for all that wait, and begins another", async () => {
  const directory = createDirectory();
  const script = `#!/bin/sh\nif test -e first; then echo '{"status":{"token":"second"}}'; else touch first; exec sleep 5; fi\n`;
  writeFileSync(join(directory, "plugin"), script.replaceAll("first", join(directory, "first")));
  chmodSync(join(directory, "plugin"), 0o755);
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    user: { exec: { command: "./plugin" } },
  });
  const clock = createFakeClock();
  const credentials = load({ kubeconfig }, clock);

  const waiting = Promise.all([credentials.authorize(), credentials.authorize()]);
  await expect.poll(() => existsSync(join(directory, "first"))).toBe(true);
  await clock.advance(30_000);
  const [first, other] = await waiting;
  const refreshed = await credentials.refresh(first);

  expect(first).toMatchObject({
    type: "failed",
    error: {
      message: expect.stringMatching(/nothing came within 30 s; does its exec plugin hang/),
    },
  });
  expect(other).toBe(first);
  expect(refreshed).toMatchObject({ headers: { authorization: "Bearer second" } });
  expect(clock.pending()).toEqual([]);
});

test("authorize() quotes nothing of what an exec plugin says that is not JSON", async () => {
  const directory = createDirectory();
  const { command } = writePlugin(directory, "{token:hunter2}");
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { exec: { command } } });

  const authorization = await load({ kubeconfig }).authorize();

  expect(inspect(authorization)).toMatch(/Cannot get credentials from .*: the answer is not JSON/);
  expect(inspect(authorization)).not.toContain("hunter2");
});

test("loadCredentials() quotes nothing of a kubeconfig that is not YAML", () => {
  const kubeconfig = join(createDirectory(), "config");
  writeFileSync(kubeconfig, "users:\n- name: u\n  user: {token: hunter2\nclusters: [\n");

  const loaded = loadCredentials({ kubeconfig });

  expect(inspect(loaded)).toMatch(/it is not YAML \(at line \d\)/);
  expect(inspect(loaded)).not.toContain("hunter2");
});

test("authorize() takes the client certificate that an exec plugin gives", async () => {
  const directory = createDirectory();
  const { command } = writePlugin(
    directory,
    '{"clientCertificateData":"CERT","clientKeyData":"KEY"}',
  );
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { exec: { command } } });

  const authorization = await load({ kubeconfig }).authorize();

  expect(authorization).toEqual({
    type: "authorized",
    headers: {},
    tls: { cert: "CERT", key: "KEY" },
  });
});

test.each([
  {
    name: "an exec plugin that is not there",
    user: { exec: { command: "./absent" } },
    message: /^Cannot get credentials from context "main" of .*ENOENT/,
  },
  {
    name: "a token file that is not there",
    user: { tokenFile: "absent" },
    message: /^Cannot get credentials from .*ENOENT.*absent/,
  },
  {
    name: "a client certificate that is not there",
    user: { "client-certificate": "absent.crt" },
    message: /ENOENT.*absent.crt/,
  },
])("authorize() is an error that names the place with $name", async ({ user, message }) => {
  const kubeconfig = writeKubeconfig(join(createDirectory(), "config"), { user });

  const authorization = await load({ kubeconfig }).authorize();

  expect(authorization).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(message) },
  });
});

test("loadCredentials() uses the service account in a cluster, IPv6 included", async () => {
  const directory = createDirectory();
  writeFileSync(join(directory, "token"), "sa-token");
  writeFileSync(join(directory, "ca.crt"), "CA");
  const source = {
    inCluster: { host: "fd00::1", port: "443" },
    serviceAccountDirectory: directory,
    home: directory,
  };

  const credentials = load(source);
  const authorization = await credentials.authorize();

  expect(credentials).toMatchObject({ origin: "https://[fd00::1]", pathPrefix: "" });
  expect(authorization).toEqual({
    type: "authorized",
    headers: { authorization: "Bearer sa-token" },
    tls: { ca: "CA" },
  });
});

test("loadCredentials() prefers KUBECONFIG, then the service account, then ~/.kube/config; a context rules out the second", () => {
  const home = createDirectory();
  mkdirSync(join(home, ".kube"));
  writeKubeconfig(join(home, ".kube", "config"));
  const kubeconfig = writeKubeconfig(join(home, "other"));
  writeFileSync(join(home, "token"), "t");
  const inCluster = { inCluster: { host: "10.0.0.1", port: "443" }, serviceAccountDirectory: home };

  const sources = [
    { kubeconfig, home, ...inCluster },
    { home, ...inCluster },
    { home, ...inCluster, context: "main" },
    { home },
  ].map((source) => load(source).source);

  expect(sources).toEqual([
    `context "main" of "${kubeconfig}"`,
    `the service account in "${home}"`,
    `context "main" of "${home}/.kube/config"`,
    `context "main" of "${home}/.kube/config"`,
  ]);
});

test("loadCredentials() merges several files, the first of equal names counting, missing ones passed over", () => {
  const directory = createDirectory();
  const first = writeKubeconfig(join(directory, "first"), { "current-context": "" });
  const second = writeKubeconfig(join(directory, "second"), {
    cluster: { server: "https://second.test" },
    contexts: [{ name: "both", context: { cluster: "c", user: "u" } }],
    "current-context": "both",
  });

  const credentials = load({ kubeconfig: `${join(directory, "absent")}:${first}:${second}` });

  expect(credentials).toMatchObject({
    origin: "https://api.test:6443",
    source: `context "both" of "${first}", "${second}"`,
  });
});

test("loadCredentials() says what was tried, what was found and what would help", () => {
  const directory = createDirectory();
  const path = join(directory, "config");
  const write = (more: Parameters<typeof writeKubeconfig>[1]): string =>
    writeKubeconfig(path, more);

  const messages = [
    messageOf({ kubeconfig: path }),
    messageOf({
      home: directory,
      inCluster: { host: "h", port: "1" },
      serviceAccountDirectory: "/absent",
    }),
    messageOf({}),
    messageOf({ kubeconfig: write({}), context: "prod" }),
    messageOf({ kubeconfig: write({ "current-context": "" }) }),
    messageOf({ kubeconfig: write({ contexts: [], "current-context": "" }) }),
    messageOf({ kubeconfig: write({ clusters: [] }) }),
    messageOf({ kubeconfig: write({ cluster: { server: "localhost:8080" } }) }),
  ];

  expect(messages).toEqual([
    `Cannot read kubeconfig "${path}": no such file`,
    `Cannot find a cluster: tried in-cluster (no file "/absent/token") and "${directory}/.kube/config" (no such file); set KUBECONFIG to a kubeconfig file`,
    "Cannot find a cluster: tried in-cluster (KUBERNETES_SERVICE_HOST is not set) and ~/.kube/config (HOME is not set); set KUBECONFIG to a kubeconfig file",
    `Cannot use context "prod" of kubeconfig "${path}": its contexts are "main"`,
    `Cannot choose a context of kubeconfig "${path}": it names no current-context; set LIFELINE_CONTEXT, its contexts are "main"`,
    `Cannot choose a context of kubeconfig "${path}": it names no current-context; set LIFELINE_CONTEXT, it has no contexts`,
    `Cannot use context "main" of kubeconfig "${path}": it names cluster "c", which is not there`,
    `Cannot use cluster "c" of kubeconfig "${path}": its server is "localhost:8080", and must be an http or https URL`,
  ]);
});

test.each(["", "just text", "clusters: [", "[]", "\0\0"])(
  "loadCredentials() is an error, not a crash, on a kubeconfig of %j",
  (text) => {
    const path = join(createDirectory(), "config");
    writeFileSync(path, text);

    const loaded = loadCredentials({ kubeconfig: path });

    expect(loaded).toMatchObject({
      type: "failed",
      error: { message: expect.stringContaining(path) },
    });
  },
);
