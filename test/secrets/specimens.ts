import { createHmac } from "node:crypto";
import { definition } from "../support/definition.ts";
import type { NewObject } from "../testbed/admin-client.ts";

/** Makes the secrets of one state of one object. */
export type Mint = {
  /** A secret whose change is seen at this path of the diff. */
  readonly at: (path: string) => string;
  /** A secret that is in no diff: dropped, or told by a record of its own. */
  readonly apart: (place: string) => string;
  /** A value that is no secret and has to arrive. */
  readonly harmless: string;
};

/** What is created, or merged into what is there; `status` goes through the subresource. */
export type Specimen = { readonly object: NewObject; readonly status?: object };

const GROUP = "secrets.example.com";
export const NAMESPACE = "secrets-suite";

export const VAULTS: NewObject = definition({ group: GROUP, kind: "Vault", plural: "vaults" });

/** An object of each kind, all that they hold made anew by `mint`. `isHealthy` turns a condition, whose message is told then. */
export const SPECIMENS: Readonly<
  Record<string, (name: string, mint: Mint, isHealthy: boolean) => Specimen>
> = { keys, texts, status, metadata, deployment, configMap, secret };

function vault(name: string, fields: object): NewObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Vault",
    metadata: { name, namespace: NAMESPACE },
    ...fields,
  };
}

const SECRET_NAMES: readonly (readonly string[])[] = [
  ["password"],
  ["db", "password"],
  ["access", "token"],
  ["client", "secret"],
  ["api", "key"],
  ["private", "key"],
  ["db", "credentials"],
  ["connection", "string"],
  ["key", "passphrase"],
];

/** Every listed name in every spelling. */
function keys(name: string, { at, harmless }: Mint): Specimen {
  const spelled = (style: string, spell: (words: readonly string[]) => string): object =>
    Object.fromEntries(
      SECRET_NAMES.map(spell).map((key) => [key, at(`spec.${style}.${key}`)] as const),
    );
  const spec = {
    camel: spelled("camel", camelCase),
    snake: spelled("snake", (words) => words.join("_")),
    kebab: spelled("kebab", (words) => words.join("-")),
    upper: spelled("upper", (words) => words.join("_").toUpperCase()),
    passwordSecretRef: { name: harmless, key: "password" },
    tokenTTL: "1h",
  };
  return { object: vault(name, { spec }) };
}

function camelCase(words: readonly string[]): string {
  return words.map((word, index) => (index === 0 ? word : capitalized(word))).join("");
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Secrets under harmless names, in lists, in maps under a secret name. */
function texts(name: string, { at, apart, harmless }: Mint): Specimen {
  const spec = {
    env: [
      { name: "LOG_LEVEL", value: harmless },
      { name: "DB_PASSWORD", value: at("spec.env[name=DB_PASSWORD].value") },
    ],
    args: [`--password=${at("spec.args[0]")}`, "--token", at("spec.args[2]"), `--a=${harmless}`],
    command: `app --db-password=${at("spec.command")} --api-token ${at("spec.command")} -v`,
    bundle: `${certificate()}\n${privateKey(at("spec.bundle"))}`,
    data64: base64(privateKey(at("spec.data64"))),
    note: `issued ${jwt(at("spec.note"))} for the operator`,
    headers: [
      { name: "Authorization", value: `Bearer ${at("spec.headers[name=Authorization].value")}` },
    ],
    httpHeaders: {
      Authorization: `Basic ${base64(`app:${at("spec.httpHeaders.Authorization")}`)}`,
    },
    probe: `curl -H "Authorization: Bearer ${at("spec.probe")}" https://${harmless}.example.com/`,
    database: `Server=db;User Id=sa;Password=${at("spec.database")};Encrypt=True`,
    repository: `https://git:${at("spec.repository")}@git.example.com/shop.git`,
    mirror: `https://${at("spec.mirror")}@git.example.com/shop.git`,
    encodedUrl: `amqp://app:p%40${at("spec.encodedUrl")}%2F@mq.example.com/`,
    template: JSON.stringify({ db: { password: at("spec.template"), host: harmless } }),
    tokens: [at("spec.tokens[0]")],
    adminCredentials: {
      user: at("spec.adminCredentials.user"),
      nested: { value: at("spec.adminCredentials.nested.value") },
    },
    loginSecrets: [
      { id: apart("spec.loginSecrets[].id"), value: apart("spec.loginSecrets[].value") },
    ],
  };
  return { object: vault(name, { spec }) };
}

function status(name: string, { at, apart, harmless }: Mint, isHealthy: boolean): Specimen {
  const condition = {
    type: "Ready",
    status: isHealthy ? "True" : "False",
    reason: isHealthy ? "Connected" : "Refused",
    message: `Asked postgres://app:${apart("condition message")}@db.example.com:5432/app`,
    lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ""),
  };
  return {
    object: vault(name, { spec: { size: 1 } }),
    status: {
      connectionString: `postgres://app:${at("status.connectionString")}@db.example.com/app`,
      endpoint: `postgres://app:${at("status.endpoint")}@${harmless}.example.com:5432/app`,
      hosts: `mongodb://app:${at("status.hosts")}@a.example.com:27017,b.example.com:27017/shop?replicaSet=rs0`,
      lastError: `login failed: user=app password=${at("status.lastError")}`,
      backends: [`redis://:${at("status.backends[0]")}@cache.example.com:6379/0`],
      conditions: [condition],
    },
  };
}

/** Annotations and labels; of the applied object a copy that has secrets of its own. */
function metadata(name: string, { at, apart, harmless }: Mint): Specimen {
  const copy = (place: string): string => JSON.stringify({ spec: { password: apart(place) } });
  const object = vault(name, { spec: { size: 1 } });
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": copy("kubectl"),
    "kapp.k14s.io/original": copy("kapp"),
    "objectset.rio.cattle.io/applied": base64(copy("Rancher")),
    "example.com/api-token": at('metadata.annotations["example.com/api-token"]'),
    "example.com/source": `https://git:${at('metadata.annotations["example.com/source"]')}@git.example.com/`,
    "example.com/note": harmless,
  };
  const labels = { "example.com/token": at('metadata.labels["example.com/token"]') };
  return { object: { ...object, metadata: { ...object.metadata, annotations, labels } } };
}

function deployment(name: string, { at, apart, harmless }: Mint): Specimen {
  const path = "spec.template.spec.containers[name=app]";
  const app = {
    name: "app",
    image: `registry.example.com/${harmless}:v1`,
    env: [
      { name: "DB_PASSWORD", value: at(`${path}.env[name=DB_PASSWORD].value`) },
      {
        name: "DATABASE_URL",
        value: `mysql://app:${at(`${path}.env[name=DATABASE_URL].value`)}@db:3306/app`,
      },
      { name: "API_TOKEN", valueFrom: { secretKeyRef: { name: harmless, key: "token" } } },
    ],
    args: [`--password=${at(`${path}.args[0]`)}`, "--token", at(`${path}.args[2]`)],
    command: ["sh", "-c", `exec app --client-secret ${at(`${path}.command[2]`)} "$@"`],
    livenessProbe: {
      httpGet: {
        port: 80,
        httpHeaders: [
          {
            name: "Authorization",
            value: `Bearer ${at(`${path}.livenessProbe.httpGet.httpHeaders[name=Authorization].value`)}`,
          },
        ],
      },
    },
  };
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({
      spec: { template: { env: [{ name: "X", value: apart("kubectl") }] } },
    }),
  };
  return {
    object: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: NAMESPACE, annotations },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [app] } },
      },
    },
  };
}

function configMap(name: string, { at, harmless }: Mint): Specimen {
  const data = {
    "app.yaml": `database:\n  host: ${harmless}\n  password: ${at('data["app.yaml"]')}\nlist:\n  - token: '${at('data["app.yaml"]')}'\n`,
    "block.yaml": `tls:\n  privateKey: |\n    ${at('data["block.yaml"]')}\n    ${at('data["block.yaml"]')}\n  name: ${harmless}\n`,
    "flow.yaml": `users: [{name: app, password: ${at('data["flow.yaml"]')}}, {name: web, password: "${at('data["flow.yaml"]')}"}]\n`,
    "app.json": JSON.stringify(
      { db: { password: at('data["app.json"]'), host: harmless } },
      undefined,
      2,
    ),
    "nested.yaml": `config: |\n  {"smtp": {"password": "${at('data["nested.yaml"]')}"}}\n`,
    ".env": `DB_USER=${harmless}\nDB_PASSWORD=${at('data[".env"]')}\nexport API_TOKEN="${at('data[".env"]')} x"\n`,
    "app.properties": `spring.datasource.password=${at('data["app.properties"]')}\n`,
    "web.config": `<add connectionString="Server=db;Password=${at('data["web.config"]')};Timeout=3" />\n`,
    "settings.xml": `<server><id>${harmless}</id><password>${at('data["settings.xml"]')}</password></server>`,
    "run.sh": `#!/bin/sh\nmysql --password='${at('data["run.sh"]')}' <dump.sql\n`,
    "secret.yaml": secretManifest(at('data["secret.yaml"]'), at('data["secret.yaml"]')),
    kubeconfig: `users:\n- name: ${harmless}\n  user:\n    token: ${at("data.kubeconfig")}\n    client-key-data: ${base64(privateKey(at("data.kubeconfig")))}\n`,
    id_rsa: privateKey(at("data.id_rsa")),
  };
  return {
    object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE }, data },
  };
}

function secretManifest(encoded: string, plain: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: ${base64(encoded)}\nstringData:\n  b: ${plain}\n`;
}

function secret(name: string, { at, harmless }: Mint): Specimen {
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: NAMESPACE, annotations: { "example.com/note": harmless } },
    data: {
      anything: base64(at("data.anything")),
      "tls.key": base64(privateKey(at('data["tls.key"]'))),
      [harmless]: base64("x"),
    },
    stringData: { login: at("data.login") },
  };
  return { object };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The secret stands in it plain, as a line of base64 may, and encoded. */
function privateKey(secretText: string): string {
  return `-----BEGIN PRIVATE KEY-----\n${secretText}\n${base64(secretText)}\n-----END PRIVATE KEY-----\n`;
}

function certificate(): string {
  return `-----BEGIN CERTIFICATE-----\n${base64("nobody's secret")}\n-----END CERTIFICATE-----`;
}

function jwt(secretText: string): string {
  const header = base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }));
  const signed = `${header}.${base64url(JSON.stringify({ sub: "app", jti: secretText }))}`;
  return `${signed}.${createHmac("sha256", secretText).update(signed).digest("base64url")}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
