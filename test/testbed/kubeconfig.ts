import { randomUUID, sign } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { issueCertificate, type Certificate } from "./certificate.ts";

/** Users with a static token; with a client certificate any name will do. The restricted ones may do nothing until granted. */
export const TOKEN_USERS: readonly string[] = [
  "admin",
  ...Array.from({ length: 16 }, (_, index) => `restricted-${index + 1}`),
];

/** How a kubeconfig proves who its user is; the last three are refused by the API server with 401. */
type Credential =
  | "token"
  | "token-file"
  | "client-certificate"
  | "invalid-token"
  | "expired-token"
  | "expired-certificate";

export type KubeconfigOptions = {
  /** Default: `token` for a user that has one, else `client-certificate`. A token file is the returned path plus `.token`. */
  readonly credential?: Credential;
  /** The context's namespace. */
  readonly namespace?: string;
  /** Another address of the API server, such as a port where nothing listens. */
  readonly server?: string;
};

/** Where a control plane is: its address, and the directory with its `ca.crt` and `ca.key`. Plain data, goes between processes. */
export type ClusterAddress = { readonly server: string; readonly directory: string };

/** The static token of a user of `TOKEN_USERS`. */
export function tokenOf(user: string): string {
  return `${user}-token`;
}

/** Writes a kubeconfig with one context into the cluster's directory and returns its path; each call makes a new file. */
export async function writeKubeconfig(
  cluster: ClusterAddress,
  user: string,
  options: KubeconfigOptions = {},
): Promise<string> {
  const path = join(cluster.directory, `kubeconfig-${randomUUID()}`);
  const authority = await readAuthority(cluster);
  const credential =
    options.credential ?? (TOKEN_USERS.includes(user) ? "token" : "client-certificate");
  const namespace = options.namespace === undefined ? {} : { namespace: options.namespace };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "testbed",
        cluster: {
          server: options.server ?? cluster.server,
          "certificate-authority-data": base64(authority.certificatePem),
        },
      },
    ],
    users: [
      {
        name: user,
        user: await credentialFields(credential, {
          user,
          authority,
          tokenFile: `${path}.token`,
          accountsKey: await readFile(join(cluster.directory, "sa.key"), "utf8"),
        }),
      },
    ],
    contexts: [{ name: "testbed", context: { cluster: "testbed", user, ...namespace } }],
    "current-context": "testbed",
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

type CredentialSource = {
  readonly user: string;
  readonly authority: Certificate;
  readonly tokenFile: string;
  /** PEM: what the API server signs service accounts' tokens with. */
  readonly accountsKey: string;
};

async function credentialFields(
  credential: Credential,
  { user, authority, tokenFile, accountsKey }: CredentialSource,
): Promise<object> {
  switch (credential) {
    case "token":
      return { token: requiredToken(user) };
    case "token-file":
      await writeFile(tokenFile, requiredToken(user), { mode: 0o600 });
      return { tokenFile };
    case "invalid-token":
      return { token: "nobody-token" };
    case "expired-token":
      return { token: expiredToken(accountsKey) };
    case "client-certificate":
      return certificateFields(issueCertificate(authority, { commonName: user, usage: "client" }));
    case "expired-certificate": {
      const notAfter = new Date(Date.now() - 3_600_000);
      return certificateFields(
        issueCertificate(authority, { commonName: user, usage: "client", notAfter }),
      );
    }
  }
}

/** A service account's token in which only the time is wrong: it was good until an hour ago (ES256, RFC 7518). */
function expiredToken(accountsKey: string): string {
  const expiredAt = Math.floor(Date.now() / 1000) - 3600;
  const parts = [
    { alg: "ES256", typ: "JWT" },
    {
      iss: "https://kubernetes.default.svc",
      aud: ["https://kubernetes.default.svc"],
      sub: "system:serviceaccount:default:default",
      iat: expiredAt - 3600,
      nbf: expiredAt - 3600,
      exp: expiredAt,
      "kubernetes.io": { namespace: "default", serviceaccount: { name: "default", uid: "0" } },
    },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signed = Buffer.from(parts.join("."));
  const signature = sign("sha256", signed, { key: accountsKey, dsaEncoding: "ieee-p1363" });
  return [...parts, signature.toString("base64url")].join(".");
}

function certificateFields({ certificatePem, keyPem }: Certificate): object {
  return {
    "client-certificate-data": base64(certificatePem),
    "client-key-data": base64(keyPem),
  };
}

function requiredToken(user: string): string {
  if (TOKEN_USERS.includes(user)) return tokenOf(user);
  throw new Error(
    `Cannot write a token for user "${user}": only ${TOKEN_USERS.join(", ")} have one; use a client-certificate`,
  );
}

async function readAuthority({ directory }: ClusterAddress): Promise<Certificate> {
  const [certificatePem, keyPem] = await Promise.all([
    readFile(join(directory, "ca.crt"), "utf8"),
    readFile(join(directory, "ca.key"), "utf8"),
  ]);
  return { certificatePem, keyPem };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
