import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as TlsServer } from "node:https";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import {
  type Certificate,
  createAuthority,
  issueCertificate,
} from "../../test/testbed/certificate.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import type { ApiClient } from "./api-client.ts";
import { loadCredentials } from "./credentials.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import type { ClusterReport } from "./report.ts";

const { signal } = new AbortController();

type Entry = Readonly<Record<string, unknown>>;

type Rig = {
  readonly client: ApiClient;
  readonly server: TlsServer;
  readonly authority: Certificate;
  readonly reports: ClusterReport[];
  /** Writes a file beside the kubeconfig; the CA is `ca.crt`. */
  readonly write: (name: string, text: string, mode?: number) => void;
};

/** A server over TLS whose CA the kubeconfig knows as a file. */
async function createRig(handle: RequestListener, user: Entry): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-rotation-"));
  const write = (name: string, text: string, mode = 0o600): void =>
    writeFileSync(join(directory, name), text, { mode });
  const authority = createAuthority();
  const server = createServer(
    { ...serverIdentity(authority), requestCert: true, rejectUnauthorized: false },
    handle,
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  const url = await listenOnLoopback(server);
  write("ca.crt", authority.certificatePem);
  const cluster = { server: url.replace("http:", "https:"), "certificate-authority": "ca.crt" };
  const kubeconfig = {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  write("config", JSON.stringify(kubeconfig));
  const loaded = loadCredentials({ kubeconfig: join(directory, "config") });
  if (loaded.type === "failed") throw loaded.error;
  const reports: ClusterReport[] = [];
  const client = createHttpApiClient({
    credentials: loaded.credentials,
    clock: { now: () => Date.now(), sleep: () => new Promise(() => undefined) },
    report: (report) => void reports.push(report),
  });
  onTestFinished(async () => {
    await client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { client, server, authority, reports, write };
}

function serverIdentity(authority: Certificate): { cert: string; key: string; ca: string } {
  const { certificatePem, keyPem } = issueCertificate(authority, {
    commonName: "server",
    usage: "server",
  });
  return { cert: certificatePem, key: keyPem, ca: authority.certificatePem };
}

/** `/watch` says a line whenever the returned function is called; all else is answered, or refused for its token. */
function createWatchServer(isWelcome: (token: string | undefined) => boolean): {
  readonly handle: RequestListener;
  readonly say: () => void;
  readonly tokens: (string | undefined)[];
} {
  const tokens: (string | undefined)[] = [];
  const says: (() => void)[] = [];
  const handle: RequestListener = (request, response) => {
    const token = request.headers.authorization?.replace("Bearer ", "");
    tokens.push(token);
    if (!isWelcome(token)) {
      response.writeHead(401, { "content-type": "application/json" }).end("{}");
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    if (request.url === "/watch") {
      response.flushHeaders();
      says.push(() => response.write("{}\n"));
    } else response.end("{}");
  };
  const say = (): void => {
    for (const each of says) each();
  };
  return { handle, say, tokens };
}

async function openWatch(client: ApiClient): Promise<AsyncIterator<Uint8Array>> {
  const opened = await client.openStream("/watch", { signal });
  if (opened.type !== "open") throw opened.error;
  return opened.body[Symbol.asyncIterator]();
}

test("F01 F03 rotation: the next request uses the token of the file, and a running watch goes on", async () => {
  const { handle, say, tokens } = createWatchServer(() => true);
  const { client, write } = await createRig(handle, { tokenFile: "token" });
  write("token", "t-1\n");

  const watch = await openWatch(client);
  write("token", "t-2\n");
  const result = await client.get("/api", { signal });
  say();
  const heard = await watch.next();

  expect(result.type).toBe("ok");
  expect(tokens).toEqual(["t-1", "t-2"]);
  expect(heard.done).toBe(false);
});

test("F02 C14 rotation: a 401 reads the kubeconfig again, once", async () => {
  let welcome = "t-1";
  const { handle, tokens } = createWatchServer((token) => token === welcome);
  const { client, write, reports } = await createRig(handle, { tokenFile: "token" });
  write("token", "t-1");
  await client.get("/api", { signal });

  welcome = "t-2";
  const rejected = await client.get("/api", { signal });
  write("token", "t-2");
  const accepted = await client.get("/api", { signal });

  expect([rejected.type, accepted.type]).toEqual(["status", "ok"]);
  expect(tokens).toEqual(["t-1", "t-1", "t-1", "t-2"]);
  expect(reports).toEqual([]);
});

test("F05 exec: a 401 runs the plugin again, once for all that were refused", async () => {
  let welcome = "run-1";
  const { handle, tokens } = createWatchServer((token) => token === welcome);
  const { client, write, reports } = await createRig(handle, { exec: { command: "./plugin" } });
  const script = `#!/bin/sh\ncd "$(dirname "$0")"\necho run >> runs\nn=$(wc -l < runs | tr -d ' ')\necho '{"status":{"token":"run-'"$n"'"}}'\n`;
  write("plugin", script, 0o700);
  await client.get("/api", { signal });

  welcome = "run-2";
  const results = await Promise.all([1, 2, 3].map(() => client.get("/api", { signal })));

  expect(results.map(({ type }) => type)).toEqual(["ok", "ok", "ok"]);
  expect(new Set(tokens)).toEqual(new Set(["run-1", "run-2"]));
  expect(reports[0]?.type).toBe("credentials-refreshed");
});

test("F06 F03 rotation: a new CA is trusted with the next request, no longer the old one, and a running watch goes on", async () => {
  const { handle, say } = createWatchServer(() => true);
  const { client, server, write } = await createRig(handle, {});
  const next = createAuthority();

  const watch = await openWatch(client);
  server.setSecureContext(serverIdentity(next));
  const before = await client.get("/api", { signal });
  write("ca.crt", next.certificatePem);
  const after = await client.get("/api", { signal });
  say();
  const heard = await watch.next();

  expect(before.type === "failed" && before.error.message).toMatch(
    /not signed by the cluster's CA/,
  );
  expect(after.type).toBe("ok");
  expect(heard.done).toBe(false);
});

test("F05 F07 rotation: the certificate of an exec plugin is shown, and the one that it gives after a 401", async () => {
  const names: string[] = [];
  let welcome = "first";
  const { client, authority, write } = await createRig(
    (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
      names.push(String(name));
      response
        .writeHead(name === welcome ? 200 : 401, { "content-type": "application/json" })
        .end("{}");
    },
    { exec: { command: "./plugin" } },
  );
  const give = (commonName: string): void => {
    const issued = issueCertificate(authority, { commonName, usage: "client" });
    const status = { clientCertificateData: issued.certificatePem, clientKeyData: issued.keyPem };
    write("answer", JSON.stringify({ status }));
  };
  write("plugin", '#!/bin/sh\ncat "$(dirname "$0")/answer"\n', 0o700);
  give("first");

  const first = await client.get("/api", { signal });
  give("second");
  const kept = await client.get("/api", { signal });
  welcome = "second";
  const second = await client.get("/api", { signal });

  expect([first.type, kept.type, second.type]).toEqual(["ok", "ok", "ok"]);
  expect(names).toEqual(["first", "first", "first", "second"]);
});
