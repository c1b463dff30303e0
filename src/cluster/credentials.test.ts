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

test("F02 refresh() reads the kubeconfig again, and keeps what it had when the file is gone", async () => {
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

test("F05 exec: authorize() runs a plugin once for all that ask at the same time, and again after refresh()", async () => {
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

test("F05 exec: authorize() gives a run of a plugin up after 30 s, for all that wait, and begins another", async () => {
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

test("F01 token-file, F04 missing-token-file: authorize() gives what the file says now, and what it said last when it is gone or empty", async () => {
  const directory = createDirectory();
  const tokenFile = join(directory, "token");
  writeFileSync(tokenFile, "t-1\n");
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { tokenFile } });
  const credentials = load({ kubeconfig });

  const first = await headersOf(credentials);
  writeFileSync(tokenFile, "t-2\n");
  const rotated = await headersOf(credentials);
  writeFileSync(tokenFile, "");
  const empty = await headersOf(credentials);
  rmSync(tokenFile);
  const gone = await headersOf(credentials);
  const rejected = await credentials.refresh(await credentials.authorize());
  writeFileSync(tokenFile, "t-3");
  const back = await headersOf(credentials);

  expect([first, rotated, empty, gone, back]).toEqual(
    ["t-1", "t-2", "t-2", "t-2", "t-3"].map((token) => ({ authorization: `Bearer ${token}` })),
  );
  expect(rejected).toMatchObject({ headers: { authorization: "Bearer t-2" } });
});

test("F06 ca-file: authorize() gives what CA, certificate and key are now, and what they were when one is gone", async () => {
  const directory = createDirectory();
  const files = { ca: "ca.crt", cert: "client.crt", key: "client.key" };
  const write = (text: string): void => {
    for (const file of Object.values(files)) writeFileSync(join(directory, file), text);
  };
  write("OLD");
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    cluster: { "certificate-authority": files.ca },
    user: { "client-certificate": files.cert, "client-key": files.key },
  });
  const credentials = load({ kubeconfig });

  const first = await credentials.authorize();
  write("NEW");
  const rotated = await credentials.authorize();
  rmSync(join(directory, files.key));
  const gone = await credentials.authorize();

  expect([first, rotated, gone]).toMatchObject([
    { tls: { ca: "OLD", cert: "OLD", key: "OLD" } },
    { tls: { ca: "NEW", cert: "NEW", key: "NEW" } },
    { tls: { ca: "NEW", cert: "NEW", key: "NEW" } },
  ]);
});

test("F05 exec: authorize() keeps what a plugin gave until a minute before it expires", async () => {
  const directory = createDirectory();
  const status = `{"token":"run-'"$n"'","expirationTimestamp":"2026-01-01T01:00:00Z"}`;
  const { command, runs } = writePlugin(directory, status);
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { exec: { command } } });
  const clock = createFakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const credentials = load({ kubeconfig }, clock);

  await credentials.authorize();
  await clock.advance(59 * 60_000 - 1);
  const kept = await headersOf(credentials);
  const runsBefore = runs();
  await clock.advance(1);
  const renewed = await headersOf(credentials);

  expect(kept).toEqual({ authorization: "Bearer run-1" });
  expect(runsBefore).toBe(1);
  expect(renewed).toEqual({ authorization: "Bearer run-2" });
});

test("F05 exec: authorize() keeps what lives for ten seconds for nine", async () => {
  const directory = createDirectory();
  const status = `{"token":"run-'"$n"'","expirationTimestamp":"2026-01-01T00:00:10Z"}`;
  const { command, runs } = writePlugin(directory, status);
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { exec: { command } } });
  const clock = createFakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const credentials = load({ kubeconfig }, clock);

  await credentials.authorize();
  await clock.advance(8_999);
  await credentials.authorize();
  const runsBefore = runs();
  await clock.advance(1);
  await credentials.authorize();

  expect([runsBefore, runs()]).toEqual([1, 2]);
});

test("F05 exec: a plugin that fails before what it gave expires is asked again, and fails nobody until then", async () => {
  const directory = createDirectory();
  const status = `{"token":"run-'"$n"'","expirationTimestamp":"2026-01-01T01:00:00Z"}`;
  const { command, runs } = writePlugin(directory, status);
  const kubeconfig = writeKubeconfig(join(directory, "config"), { user: { exec: { command } } });
  const clock = createFakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const credentials = load({ kubeconfig }, clock);
  await credentials.authorize();
  const log = join(directory, "runs");
  const failing = `#!/bin/sh\necho run >> ${log}\necho sso is down >&2\nexit 7\n`;
  writeFileSync(join(directory, "plugin"), failing);

  await clock.advance(59 * 60_000);
  const during = [await headersOf(credentials), await headersOf(credentials)];
  const runsDuring = runs();
  await clock.advance(60_000);
  const after = await headersOf(credentials);

  expect(during).toEqual(during.map(() => ({ authorization: "Bearer run-1" })));
  expect(runsDuring).toBe(2);
  expect(after).toMatch(/exec plugin ".*\/plugin" exited 7, and said: sso is down$/);
});

test.each([
  { when: "30 s have passed", message: /nothing came within 30 s/ },
  { when: "the client closes", message: /was ended before it answered$/ },
])("F05 exec: a plugin that hangs is killed with all that it started when $when", async (row) => {
  const directory = createDirectory();
  const pids = join(directory, "pids");
  const script = `#!/bin/sh\nsleep 600 &\necho $$ $! > ${pids}.new\nmv ${pids}.new ${pids}\nwait\n`;
  writeFileSync(join(directory, "plugin"), script, { mode: 0o755 });
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    user: { exec: { command: "./plugin" } },
  });
  const clock = createFakeClock();
  const credentials = load({ kubeconfig }, clock);

  const waiting = credentials.authorize();
  await expect.poll(() => existsSync(pids)).toBe(true);
  const started = readFileSync(pids, "utf8").trim().split(" ").map(Number);
  onTestFinished(() => {
    for (const pid of started.filter(isAlive)) process.kill(pid, "SIGKILL");
  });
  const before = started.filter(isAlive).length;
  if (row.when === "the client closes") credentials.close?.();
  else await clock.advance(30_000);
  const result = await waiting;

  expect(before).toBe(2);
  expect(result).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(row.message) },
  });
  await expect.poll(() => started.filter(isAlive)).toEqual([]);
});

/** A zombie counts as dead: it runs nothing. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("F05 exec: a plugin is told of the cluster where the kubeconfig asks for it", async () => {
  const directory = createDirectory();
  const seen = join(directory, "seen");
  const script = `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" > ${seen}\necho "{\\"status\\":{\\"token\\":\\"$1 $OURS $THEIRS\\"}}"\n`;
  writeFileSync(join(directory, "plugin"), script, { mode: 0o755 });
  const apiVersion = "client.authentication.k8s.io/v1beta1";
  const kubeconfig = writeKubeconfig(join(directory, "config"), {
    cluster: {
      "certificate-authority-data": base64("CA"),
      "tls-server-name": "other.test",
      extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a-1" } }],
    },
    user: {
      exec: {
        apiVersion,
        command: "./plugin",
        args: ["argument"],
        env: [{ name: "THEIRS", value: "theirs" }],
        provideClusterInfo: true,
        interactiveMode: "IfAvailable",
      },
    },
  });
  const credentials = load({ kubeconfig, environment: { OURS: "ours", THEIRS: "ours" } });

  const headers = await headersOf(credentials);

  expect(headers).toEqual({ authorization: "Bearer argument ours theirs" });
  expect(JSON.parse(readFileSync(seen, "utf8"))).toEqual({
    apiVersion,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        server: "https://api.test:6443",
        "tls-server-name": "other.test",
        "certificate-authority-data": base64("CA"),
        config: { audience: "a-1" },
      },
    },
  });
});

test.each([
  {
    name: "is not there",
    exec: { command: "no-such-plugin", installHint: "Install it with brew." },
    message: /exec plugin "no-such-plugin" did not start: .*ENOENT; Install it with brew\.$/,
  },
  {
    name: "wants a terminal",
    exec: { command: "sh", interactiveMode: "Always" },
    message: /exec plugin "sh" wants a terminal/,
  },
  {
    name: "exits with an error",
    exec: { command: "sh", args: ["-c", "echo 'log in\n first' >&2; exit 3"] },
    message: /exec plugin "sh" exited 3, and said: log in first$/,
  },
  {
    name: "is killed",
    exec: { command: "sh", args: ["-c", "kill -TERM $$"] },
    message: /exec plugin "sh" ended by SIGTERM$/,
  },
  {
    name: "gives nothing",
    exec: { command: "echo", args: ['{"status":{}}'] },
    message: /the answer has neither status\.token nor/,
  },
  {
    name: "gives half a client certificate",
    exec: { command: "echo", args: ['{"status":{"clientCertificateData":"C"}}'] },
    message: /the answer has only one of/,
  },
  {
    name: "gives no time",
    exec: { command: "echo", args: ['{"status":{"token":"t","expirationTimestamp":"soon"}}'] },
    message: /expirationTimestamp that is no time/,
  },
  {
    name: "does not stop talking",
    exec: { command: "yes" },
    message: /exec plugin "yes" said more than 1048576 bytes/,
  },
])("F05 exec: authorize() is an error that says why when a plugin $name", async (row) => {
  const kubeconfig = writeKubeconfig(join(createDirectory(), "config"), {
    user: { exec: row.exec },
  });

  const authorization = await load({ kubeconfig }).authorize();

  expect(authorization.type === "failed" && authorization.error.message).toMatch(row.message);
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

test("F05 exec: authorize() takes the client certificate that a plugin gives", async () => {
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
