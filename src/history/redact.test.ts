import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { createKeyedMark } from "../util/keyed-mark.ts";
import { TextSet } from "../util/text-set.ts";
import { createRedactor } from "./redact.ts";

const CANARY = "cAnary7x9Q";
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${CANARY}`;
const PEM = `-----BEGIN RSA PRIVATE KEY-----\nMIIE${CANARY}\nabc\n-----END RSA PRIVATE KEY-----\n`;
const mark = createKeyedMark("test key");
const redact = createRedactor(mark);

function object(fields: Record<string, unknown>): KubeObject {
  return {
    apiVersion: "example.com/v1",
    kind: "Example",
    metadata: { name: "a", uid: "u", resourceVersion: "1" },
    ...fields,
  };
}

/** What becomes of one value, as JSON. */
function through(value: unknown): string {
  return JSON.stringify(redact(object({ spec: { value } }))["spec"]);
}

test("redact() knows what it found harmless as a sentence from the same text as a value", () => {
  const text = "credentials: never found";
  const fresh = createRedactor(mark);

  const first = fresh(object({ status: { message: text, value: text } }));
  const second = fresh(object({ status: { message: text, value: text } }));

  const expected = { message: text, value: `credentials: [redacted:${mark("never found")}]` };
  expect(first.status).toEqual(expected);
  expect(second.status).toEqual(expected);
});

test.each([
  ["an entry's value", { name: "DB_PASSWORD", value: "my-passphrase" }],
  [
    "values in an entry's list",
    { name: "tokens", values: ["my-passphrase", { a: "my-passphrase" }] },
  ],
  ["a header's value", { name: "Authorization", value: "my-passphrase" }],
  ["a Secret's data", { data: { a: "my-passphrase", b: { c: "my-passphrase" } }, kind: "Secret" }],
  ["a field's string", { password: "my-passphrase", token: { a: ["my-passphrase"] } }],
  ["a flag's value", ["--password", "my-passphrase"]],
])("redact remembers nothing of a secret: %s", (_, value) => {
  using add = vi.spyOn(TextSet.prototype, "add");

  const { spec } = createRedactor(mark)(object({ spec: { value, harmless: "my-password-file" } }));

  expect(JSON.stringify(spec)).not.toContain("my-passphrase");
  expect(add).toHaveBeenCalledWith("my-password-file");
  expect(add).not.toHaveBeenCalledWith("my-passphrase");
});

test("redact goes on looking into what only reads like a Secret or an entry", () => {
  const redacted = through([
    { kind: "Secret", data: "password=1234567" },
    { kind: "Secret", apiVersion: "example.com/v1", data: { a: "password=1234567" } },
    { name: "LOG", value: "password=1234567" },
    { name: "LOG", data: { a: "password=1234567" }, default: { a: ["password=1234567"] } },
  ]);

  expect(redacted).not.toContain("1234567");
});

const LISTED_NAMES = [
  "password",
  "passwd",
  "pwd",
  "token",
  "secret",
  "private-key",
  "api-key",
  "access-key",
  "credential",
  "credentials",
  "connection-string",
  "passphrase",
];

function casings(name: string): readonly string[] {
  const camel = name.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
  const pascal = camel.charAt(0).toUpperCase() + camel.slice(1);
  const snake = name.replaceAll("-", "_");
  const joined = name.replaceAll("-", "");
  return [
    name,
    camel,
    pascal,
    snake,
    snake.toUpperCase(),
    joined,
    joined.toUpperCase(),
    `db${pascal}`,
    `my_${snake}_2`,
    `x-${name}-prod`,
  ];
}

const SECRET_NAMES = LISTED_NAMES.flatMap(casings);

test.each(SECRET_NAMES)(
  "redact hides the string under the key %s, in lists and in maps too",
  (name) => {
    const redacted = through({
      [name]: CANARY,
      a: { [name]: [CANARY, CANARY] },
      b: { [name]: { one: CANARY, two: { three: [CANARY] } } },
    });

    expect(redacted).not.toContain(CANARY);
    expect(JSON.parse(redacted)).toMatchObject({
      value: {
        [name]: `[redacted:${mark(CANARY)}]`,
        b: { [name]: { two: { three: [`[redacted:${mark(CANARY)}]`] } } },
      },
    });
  },
);

test.each(SECRET_NAMES)(
  "redact hides the value of %s in an env entry, an argument, and in texts",
  (name) => {
    const redacted = through([
      { env: [{ name, value: CANARY }] },
      [`--${name}=${CANARY}`, "--other"],
      [`--${name}`, CANARY],
      `run --${name}=${CANARY} --x=1`,
      `run --${name} ${CANARY} now`,
      `user: a\n${name}: ${CANARY}\nhost: b`,
      `a:\n  b:\n    - ${name}: "${CANARY}"\n`,
      `{"a":{"${name}":"${CANARY}"}}`,
      `level=error msg="{\\"${name}\\":\\"${CANARY}\\"}"`,
      `USER=a\nexport ${name}=${CANARY} ${CANARY}\nHOST=b`,
      `Server=db;${name}=${CANARY} ${CANARY};Database=x`,
      `https://example.com/?a=b&${name}=${CANARY}&c=d`,
      `<${name}>${CANARY}</${name}>`,
      `env:\n- name: ${name}\n  value: ${CANARY}\n`,
    ]);

    expect(redacted).not.toContain(CANARY);
  },
);

const TEXTS_WITH_SECRETS: readonly (readonly [what: string, text: string])[] = [
  ["URL userinfo", `failed to connect to postgres://app:${CANARY}@db.prod:5432/app?x=1: timeout`],
  ["URL without a user", `redis://:${CANARY}@cache:6379/0`],
  ["URL with a percent-encoded password", `amqp://u:%40${CANARY}%2F@mq`],
  ["URL with several hosts", `mongodb://user:${CANARY}@a,b:27017/`],
  ["URL with userinfo at each host", `amqp://u:x@a,u:${CANARY}@b/`],
  ["URL with @ in the password", `https://u:p@${CANARY}@host/`],
  ["URL with / in the password", `postgres://u:ab/${CANARY}@host/db`],
  ["URL with # in the password", `postgres://u:ab#${CANARY}@host/db`],
  ["URL in quotes after another", `"http://a/" 'ftp://u:${CANARY}@b'`],
  ["URL whose user is a token", `https://ghp_0123456789${CANARY}@github.com/x`],
  ["JDBC URL with parameters", `jdbc:mysql://db/x?user=a&password=${CANARY}`],
  ["PEM", `before\n${PEM}after`],
  ["PEM in a JSON string", JSON.stringify({ a: PEM })],
  ["PEM without an end", `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}`],
  [
    "PEM of PGP",
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${CANARY}\n-----END PGP PRIVATE KEY BLOCK-----`,
  ],
  ["PEM after PRIVATE_KEY=", `PRIVATE_KEY=${PEM}X=1`],
  [
    "PEM in a YAML block",
    `tls:\n  key: |\n    -----BEGIN EC PRIVATE KEY-----\n    ${CANARY}\n    -----END EC PRIVATE KEY-----\n`,
  ],
  ["PEM in base64", `client-key-data: ${btoa(PEM)}`],
  ["JWT", `got ${JWT}, gave up`],
  ["JWT glued to a name", `id_${JWT}`],
  ["JWT after another run", `eyJx eyJ.${JWT}`],
  ["Authorization header", `curl -H "Authorization: Bearer ${CANARY}" https://x`],
  ["Basic authorization", `authorization: Basic ${btoa(CANARY)}${CANARY}`],
  ["Authorization in JSON", `{"headers":{"Authorization":"Bearer ${CANARY}"}}`],
  ["Authorization without a scheme", `Authorization: ${CANARY}`],
  ["Bearer alone", `Bearer ${CANARY}`],
  ["Bearer in prose", `rejected Bearer ${CANARY} as expired`],
  ["YAML with CRLF", `a: b\r\npassword: ${CANARY}\r\nc: d`],
  ["YAML with spaces in the value", `password: ab ${CANARY}\n`],
  ["YAML block scalar", `password: |\n  ${CANARY}\n  ${CANARY}\nnext: 1`],
  ["YAML folded scalar in a list", `users:\n- token: >-\n    ${CANARY}\n  name: a`],
  ["YAML plain scalar over two lines", `password: abc\n  ${CANARY}\nnext: 1`],
  ["YAML list beneath a key", `passwords:\n- ${CANARY}\n- "${CANARY}"\n`],
  [
    "YAML map beneath a key",
    `credentials:\n  user: ${CANARY}\n\n  deeper:\n    other: '${CANARY}'\nnext: 1`,
  ],
  [
    "YAML list beneath a key with CRLF",
    `passwords:\r\n  - ${CANARY}\r\n  - '${CANARY}'\r\nnext: 1\r\n`,
  ],
  ["YAML block scalar with CRLF", `a:\r\n  token: |\r\n    ${CANARY}\r\n    ${CANARY}\r\n`],
  ["YAML Secret with CRLF", `kind: Secret\r\ndata:\r\n  a: ${CANARY}\r\n  b: ${CANARY}\r\n`],
  [
    "YAML comment in a map beneath a key",
    `credentials:\n  user: a\n  # password: ${CANARY}\n  url: b # ${CANARY}\n`,
  ],
  ["YAML with a line separator", `credentials:\n  user: a\u2028${CANARY}\n`],
  ["YAML tag and anchor", `password: &a !!str ${CANARY}`],
  ["YAML anchor before a block", `password: !!str |\n  ${CANARY}`],
  ["YAML flow map", `db: {user: a, password: ${CANARY}, host: b}`],
  ["YAML flow beneath a key", `credentials: {user: ${CANARY}}`],
  ["YAML comment", `# password: ${CANARY}`],
  ["YAML quoted key", `"password": '${CANARY}''${CANARY}'`],
  ["YAML arguments", `args:\n- --token\n- ${CANARY}\n`],
  ["YAML flow arguments", `args: [--token, ${CANARY}]`],
  ["YAML quoted over lines", `password: "ab\n  ${CANARY}"\n`],
  ["YAML annotation key", `example.com/token: ${CANARY}`],
  [
    "YAML Secret",
    `apiVersion: v1\nkind: Secret\ndata:\n  a.txt: ${CANARY}\n  name: ${CANARY}\n---\nkind: ConfigMap`,
  ],
  [
    "YAML Secret in a list",
    `- kind: Secret\n  stringData:\n    b: |\n      ${CANARY}\n    c: "${CANARY}"\n`,
  ],
  ["JSON Secret", JSON.stringify({ apiVersion: "v1", kind: "Secret", data: { any: CANARY } })],
  ["JSON over lines", JSON.stringify({ a: [{ password: CANARY }] }, null, 2)],
  ["JSON within prose", `body was {"user":"a","password":"${CANARY}","n":1} (401)`],
  ["JSON list within prose", `body was {"passwords":["${CANARY}","${CANARY}"]} (401)`],
  ["JSON with an escaped quote", `got {"password":"ab\\"${CANARY}"} here`],
  ["JSON in JSON", JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ token: CANARY }) }) })],
  ["JSON env within prose", `spec {"name":"DB_PASSWORD","value":"${CANARY}"} invalid`],
  ["dotenv with spaces", `A=1\nPASSWORD = ${CANARY}\n`],
  ["dotenv quoted", `DB_PASS='${CANARY} ${CANARY}'`],
  ["dotenv with signs", `TOKEN=a;b,c&${CANARY}\n`],
  ["libpq", `host=a password=${CANARY} dbname=b`],
  ["libpq quoted", `host=a password='${CANARY} x' dbname=b`],
  ["ADO", `Server=a;User Id=b;Password=x y ${CANARY};Database=c`],
  [
    "storage connection",
    `DefaultEndpointsProtocol=https;AccountName=a;AccessKey=${CANARY}==;EndpointSuffix=b`,
  ],
  ["TOML", `[db]\npassword = "${CANARY}"\n`],
  ["XML attribute", `<property name="db.password" value="${CANARY}"/>`],
  ["query", `GET /?access_token=${CANARY} 401`],
  ["prose", `login with password: ${CANARY} failed`],
  ["prose without a space", `login user:a password:${CANARY}`],
  ["header in quotes", `curl -H "X-Api-Key: abc ${CANARY}" https://a`],
  ["helm --set", `helm install --set auth.password=${CANARY},replicas=2`],
  ["object written by Go", `map[password:${CANARY} user:a]`],
  [
    "Docker's config",
    JSON.stringify({ auths: { "ghcr.io": { auth: btoa(`u:${CANARY}`) + CANARY } } }),
  ],
  ["DSN of MySQL", `root:${CANARY}@tcp(db:3306)/x`],
  ["DSN of MySQL in dotenv", `A=b\nDATABASE=u:p@${CANARY}@unix(/run/x)/y\n`],
  ["DSN under its name", `dsn: host=db user=x ${CANARY}`],
  [
    "account key",
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${CANARY}==;EndpointSuffix=b`,
  ],
  ["signing key", `signing_key = "${CANARY}"\n`],
  ["Redis argument", `redis-server --requirepass ${CANARY} --port 1`],
  ["XML element with a name", `<property name="password">${CANARY}</property>`],
  ["XML element with more", `<p name="db.password" type='x'>${CANARY}</p>`],
  ["entry with a default", `params:\n- name: db-password\n  default: ${CANARY}\n`],
  ["entry with a list", `params:\n- name: db-password\n  values: [a, ${CANARY}]\n`],
  ["Secret as a flow map", `{kind: Secret, apiVersion: v1, data: {a: ${CANARY}, b: ${CANARY}}}`],
  [
    "Secret as JSON among others",
    `${JSON.stringify({ kind: "Secret", stringData: { a: CANARY } }, null, 2)}\n{}`,
  ],
  [
    "Secret as JSON in prose",
    `applied {\\"kind\\":\\"Secret\\",\\"data\\":{\\"a\\":\\"${CANARY}\\"}} as asked`,
  ],
  ["sentence about a token", `token: ${CANARY} is expired`],
  ["sentence with a token further on", `Credentials: got ${CANARY} from arn:aws:iam::1:user/x`],
  ["sentence about a password", `password: wrong horse ${CANARY}`],
];

test.each(TEXTS_WITH_SECRETS)("redact hides a secret in a text: %s", (_what, text) => {
  const redacted = through(text);

  expect(redacted).not.toContain(CANARY);
  expect(redacted).toContain("[redacted:");
});

test.each(TEXTS_WITH_SECRETS)(
  "redact hides it wherever the text stands and changes nothing the second time: %s",
  (_what, text) => {
    const source: KubeObject = {
      ...object({
        status: { conditions: [{ type: "Ready", status: "False", message: text }] },
        data: { "config.yaml": text },
      }),
      metadata: {
        name: "a",
        uid: "u",
        resourceVersion: "1",
        annotations: { "example.com/note": text },
      },
    };

    const redacted = redact(source);

    expect(JSON.stringify(redacted)).not.toContain(CANARY);
    expect(redact(redacted)).toBe(redacted);
  },
);

test.each<readonly [what: string, value: unknown]>([
  ["Docker's config", { auths: { "ghcr.io": { auth: CANARY } } }],
  ["entry with a default", [{ name: "db-password", default: CANARY }]],
  ["entry with a list", [{ name: "tokens", value: [CANARY] }]],
  ["entry with values", [{ key: "password", values: [CANARY, { a: CANARY }] }]],
  ["entry in capitals", [{ Name: "DB_PASSWORD", Value: CANARY }]],
  ["header with a list", [{ name: "Authorization", values: [CANARY] }]],
  ["dsn", { dsn: CANARY, SENTRY_DSN: CANARY }],
  ["other keys", { signingKey: CANARY, "encryption-key": CANARY, ACCOUNT_KEY: CANARY }],
  ["settings of Redis", { requirepass: CANARY, masterauth: CANARY }],
  ["argument of Redis", ["--requirepass", CANARY]],
  ["a name that is a URL", { [`https://u:${CANARY}@h`]: 1 }],
  ["a name that is a JWT", { deep: [{ [JWT]: null }] }],
  ["a name that is a PEM", { [PEM]: "x" }],
  ["a name beneath a secret", { tokens: { [`redis://:${CANARY}@h`]: true } }],
  ["Secret without a version", { kind: "Secret", data: { a: CANARY, [JWT]: CANARY } }],
  ["Secret without a version, in clear", { kind: "Secret", stringData: { a: CANARY } }],
  [
    "data of a secret's template",
    { secretTemplate: { stringData: { a: CANARY }, labels: CANARY } },
  ],
  ["secretKey without a reference", { secretKey: CANARY }],
  ["default of an object in a schema", { openAPIV3Schema: { default: { password: CANARY } } }],
  ["what is no schema", { openAPIV3Schema: { properties: { password: [CANARY], token: CANARY } } }],
  ["numeric password", { password: "4096777", SECRET_TOKEN: "4096777", pin_password: "4096777" }],
  ["long numeric token", { token: "4096777409677740967774096777" }],
])("redact hides a secret in a value: %s", (_what, value) => {
  const once = redact(object({ spec: { value } }));

  expect(JSON.stringify(once)).not.toContain(CANARY);
  expect(JSON.stringify(once)).not.toContain("4096777");
  expect(redact(once)).toBe(once);
});

test("redact keeps the value under a name that it hides, and the order of the names", () => {
  const redacted = redact(object({ spec: { a: 1, [`https://u:${CANARY}@h`]: 2, c: 3 } }));

  expect(JSON.stringify(redacted["spec"])).toBe(
    `{"a":1,"https://[redacted:${mark(`u:${CANARY}`)}]@h":2,"c":3}`,
  );
});

test.each([
  ["monitoring.coreos.com/v1", "Prometheus", { spec: { secrets: ["etcd-certs"] } }],
  ["kafka.strimzi.io/v1beta2", "KafkaUser", { status: { secret: "my-user" } }],
  [
    "postgresql.cnpg.io/v1",
    "Cluster",
    { status: { certificates: { clientCASecret: "db-ca", serverTLSSecret: "db-server" } } },
  ],
])("redact keeps the names of Secrets that %s %s holds, and nothing else there", (...given) => {
  const [apiVersion, kind, fields] = given;
  const source = { ...object(fields), apiVersion, kind };
  const leaking: unknown = JSON.parse(
    JSON.stringify(source).replaceAll(/"(?:etcd-certs|my-user|db-ca|db-server)"/g, `"${CANARY}"`),
  );

  const redacted = redact(source);

  expect(redacted).toEqual(source);
  // The same object, but for values.
  expect(JSON.stringify(redact(leaking as KubeObject))).not.toContain(CANARY);
  expect(JSON.stringify(redact({ ...source, kind: "Other" }))).toContain("[redacted:");
});

const KEPT: readonly unknown[] = [
  { message: "Secret: not found", reason: "Token: expired" },
  {
    message: "Credentials: AccessDenied: User arn:aws:iam::123:user/x is not authorized",
    note: 'credentials: cannot get referenced Secret: secrets "aws" not found',
    description: "failed to get token: oauth2: cannot fetch token: 401 Unauthorized",
  },
  {
    privateKey: { algorithm: "ECDSA", encoding: "PKCS8", size: 256, rotationPolicy: "Always" },
    secretTemplate: { annotations: { team: "payments" }, labels: { app: "shop" } },
  },
  {
    externalSecretSpec: {
      refreshInterval: "1h",
      target: { name: "t", creationPolicy: "Owner" },
      data: [{ secretKey: "db-password", remoteRef: { key: "prod/db", property: "password" } }],
    },
  },
  {
    connectionSecretKeys: ["username", "password"],
    credentials: { source: "Upbound", webIdentity: { roleARN: "arn:aws:iam::1:role/x" } },
  },
  {
    openAPIV3Schema: {
      properties: {
        password: { type: "string", pattern: "^.{8,}$", default: "x", description: "of admin" },
        tokens: { type: "array", items: { properties: { secret: { enum: ["a", "b"] } } } },
        secretConfig: { properties: { engine: { type: "string", default: "vault" } } },
      },
    },
  },
  { env: [{ name: "MAX_TOKENS", value: "4096" }], "delegation.token.expiry.time.ms": "86400000" },
  { "https://example.com/a": "x", eyJ: 1, params: [{ name: "size", default: ["a"] }] },
  "write to me@tcp(now) or to a @unix(b)",
  {
    secretName: "tls",
    tokenSecretRef: { name: "a", key: "b" },
    passwordRef: "x",
    tokenNamespace: "n",
    tokenTTL: "24h",
    tokenTTLSeconds: "3",
  },
  { valueFrom: { secretKeyRef: { name: "db", key: "password", optional: true } } },
  {
    passwordSecretRef: { name: "db", key: "password", namespace: "x" },
    password: { name: "db" },
    token: { name: "db", key: "token" },
  },
  {
    existingSecretName: "a",
    passwordSecretKey: "password",
    secretname: "a",
    client_secret_name: "b",
    PASSWORD_FILE: "/run/x",
  },
  {
    automountServiceAccountToken: true,
    tokenRequests: [{ expirationSeconds: 3600, audience: "vault" }],
    tokens: 12,
    password: null,
    secret: false,
  },
  { secrets: [{ name: "default-token" }], imagePullSecrets: [{ name: "regcred" }] },
  {
    volumes: [
      {
        name: "v",
        secret: { secretName: "s", items: [{ key: "tls.key", path: "tls.key" }], defaultMode: 420 },
      },
    ],
  },
  { projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }] } },
  { credentials: { secretRef: { namespace: "a", name: "b", key: "c" }, source: "Secret" } },
  {
    authorization: { mode: "Webhook", type: "Bearer" },
    phase: "Ready",
    tokenizer: "standard",
    compass: "north",
    publicKey: "abc",
    key: "value",
  },
  {
    image: "registry.example.com:5000/team/secret-manager:v1.2.3",
    imageID: `docker-pullable://app:1@sha256:${"a1b2".repeat(16)}`,
  },
  {
    image: `registry:5000/token-exchange@sha256:${"0f".repeat(32)}`,
    revision: "main@sha1:4f3c2d1e0b9a8f7e6d5c4b3a2918171615141312",
  },
  {
    url: "https://example.com:8443/a/@scope/b",
    other: "ssh://git@github.com/a/b",
    third: "http://[fe80::1]:80/x@y",
    fourth: "https://a:443",
  },
  {
    env: [
      { name: "DB_SECRET_NAME", value: "db" },
      { name: "TOKEN_TTL", value: "1h" },
      { name: "PASSWORD_REQUIRED", value: "true" },
    ],
  },
  {
    env: [
      { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "p" } } },
      { name: "PASSWORD", value: "" },
    ],
  },
  {
    args: [
      "--password=$(DB_PASSWORD)",
      "--token-file=/var/run/token",
      "--token-ttl",
      "5m",
      "--max-tokens=4096",
      "--token",
      "--verbose",
    ],
  },
  'secrets "db" not found',
  "Failed to get secret: secrets not found",
  "could not fetch token: Post https://auth.example.com/token: dial tcp 10.0.0.1:443: connect: connection refused",
  "the token expired at 2026-01-31T08:00:00Z",
  "basic authentication failed: Bearer token was rejected",
  "system:serviceaccount:kube-system:token-cleaner",
  "maxTokens: 4096\nsecretName: db\ntokenTTL: 24h\npasswordRef:\n  name: db\n  key: password\n",
  "secret:\n  name: db\n  namespace: prod\n",
  "valueFrom:\n  secretKeyRef:\n    name: db\n    key: password\n",
  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  btoa("-----BEGIN CERTIFICATE-----\nMIIBxyz\n-----END CERTIFICATE-----"),
  '{"secretName":"db","replicas": 3}',
  "eyJhbGci is no token, nor is eyJ.x",
  "4f3c2d1e0b9a8f7e6d5c4b3a2918171615141312",
];

test.each(KEPT.map((value) => [value] as const))(
  "redact shares what holds no secret: %j",
  (value) => {
    const source = object({ spec: { value }, status: { value } });

    const redacted = redact(source);

    expect(redacted).toEqual(source);
    expect(redacted).toBe(source);
  },
);

test("redact hides all values of a Secret, whatever they are, and keeps its key names and type", () => {
  const secret: KubeObject = {
    ...object({
      type: "Opaque",
      data: { "tls.key": btoa(CANARY), name: CANARY, flag: "true", n: 5 },
      stringData: { "a b": CANARY, user: "" },
    }),
    apiVersion: "v1",
    kind: "Secret",
  };

  const redacted = redact(secret);

  const place = expect.stringMatching(/^\[redacted:[0-9A-Za-z]{4}\]$/);
  expect(redacted).toMatchObject({
    type: "Opaque",
    data: { "tls.key": place, name: place, flag: place, n: place },
    stringData: { "a b": place, user: place },
  });
  expect(redact(redacted)).toBe(redacted);
});

test("redact hides the data of a Secret that another object carries, and leaves that of other groups' kinds", () => {
  const manifest = { apiVersion: "v1", kind: "Secret", data: { a: CANARY } };
  const other = { apiVersion: "example.com/v1", kind: "Secret", data: { a: "kept" } };

  const redacted = redact(object({ spec: { manifest, other } }));

  expect(JSON.stringify(redacted)).not.toContain(CANARY);
  expect(redacted["spec"]).toMatchObject({ other });
});

test("redact keeps identity, also of objects whose name reads like a secret", () => {
  const metadata = {
    name: "password:reset123",
    namespace: "token=x",
    uid: "secret: a1b2",
    resourceVersion: "1",
  };

  const redacted = redact({ ...object({ spec: { password: CANARY } }), metadata });

  expect(redacted.metadata).toBe(metadata);
});

test("redact hides labels and annotations by their names and their texts", () => {
  const metadata = {
    name: "a",
    uid: "u",
    resourceVersion: "1",
    labels: { "example.com/token": CANARY, app: "web" },
    annotations: {
      password: CANARY,
      note: `redis://:${CANARY}@x`,
      "token.example.com/note": "kept",
    },
  };

  const redacted = redact({ ...object({}), metadata });

  expect(JSON.stringify(redacted)).not.toContain(CANARY);
  expect(redacted.metadata).toMatchObject({
    labels: { app: "web" },
    annotations: { "token.example.com/note": "kept" },
  });
});

test("redact marks equal secrets alike and different ones differently, in fields and in texts", () => {
  const redacted = redact(
    object({
      spec: {
        password: "one",
        other: { password: "one" },
        text: "password: one",
        changed: { password: "two" },
      },
    }),
  );

  expect(redacted["spec"]).toEqual({
    password: `[redacted:${mark("one")}]`,
    other: { password: `[redacted:${mark("one")}]` },
    text: `password: [redacted:${mark("one")}]`,
    changed: { password: `[redacted:${mark("two")}]` },
  });
});

test("redact leaves the text around a secret as it is", () => {
  const texts = [
    `dial postgres://app:${CANARY}@db:5432/app?sslmode=off: refused`,
    `a: 1\npassword: ${CANARY}\nb: 2\n`,
    `Server=a;Password=${CANARY};Database=b`,
    `Authorization: Bearer ${CANARY}`,
    `run --password=${CANARY} --x`,
  ];

  const redacted = redact(object({ spec: { texts } }));

  const place = `[redacted:${mark(CANARY)}]`;
  expect(redacted["spec"]).toEqual({
    texts: [
      `dial postgres://[redacted:${mark(`app:${CANARY}`)}]@db:5432/app?sslmode=off: refused`,
      `a: 1\npassword: ${place}\nb: 2\n`,
      `Server=a;Password=${place};Database=b`,
      `Authorization: Bearer ${place}`,
      `run --password=${place} --x`,
    ],
  });
});

test("redact shares the branches that it did not touch", () => {
  const untouched = { a: [1, { b: "c" }] };

  const redacted = redact(object({ spec: { untouched, password: CANARY } }));

  expect(redacted["spec"]).toMatchObject({ password: expect.stringContaining("[redacted:") });
  expect(fieldAt(redacted, "spec", "untouched")).toBe(untouched);
});

test("redact survives fields called __proto__ and constructor, and nesting of 10,000 levels", () => {
  const proto: unknown = JSON.parse(
    `{"__proto__":{"password":"${CANARY}"},"constructor":{"token":"${CANARY}"}}`,
  );
  const deep: unknown = JSON.parse(`${'{"a":['.repeat(5_000)}"${CANARY}"${"]}".repeat(5_000)}`);

  const redacted = JSON.stringify(
    redact(object({ spec: proto, status: { deep, password: deep } })),
  );

  expect(redacted).not.toContain(CANARY);
  expect(redacted).toContain('"__proto__":{"password":"[redacted:');
});

test.each([
  ["eyJ", "eyJ"],
  ["a://", "://"],
  ["a://b:c/", "authority"],
  ["x://u:", "colons"],
  ["password", "names"],
  ["password: ", "assignments"],
  ["password=", "equals"],
  ["password=a;", "pairs"],
  ["password=a ", "spaced"],
  ['password="', "quotes"],
  ["password='", "single quotes"],
  ['\\"token\\":\\"', "escapes"],
  ["token:\n", "empty keys"],
  ["token: |\n ", "blocks"],
  ["  token:\n", "nested keys"],
  ["-----BEGIN PRIVATE KEY-----", "keys"],
  ["-----BEGIN ", "headers"],
  ["LS0tLS1CRUdJTi", "base64"],
  ["Bearer ", "bearers"],
  ["name: token ", "entries"],
  ["--token ", "flags"],
  ["<token>", "tags"],
  ["authorization: ", "headers of HTTP"],
  ["kind: Secret\ndata:\n", "secrets"],
  ["api-", "dashes"],
  ["{password: [", "flows"],
  ["a:b@tcp(", "DSNs"],
  ["kind: Secret data: {", "flows of Secrets"],
  ['name="password" >', "elements"],
  ["token:\t\t\t\t\t\t\t\t\t\t\t\t", "tabs"],
])("redact takes linear time on 300 kB of %j", { timeout: 20_000 }, (piece) => {
  const text = piece.repeat(Math.ceil(300_000 / piece.length));

  const redacted = redact(object({ status: { text } }));

  expect(redacted.kind).toBe("Example");
});

const nasty = fc.constantFrom(
  ...'password: |token=|secret|: |=|;|&|,|\n|\r\n|\n  |\n- | |\'|"|\\"|{|}|[|]|--|--token |://|@|:|/|eyJ|.|eyJhbGci.eyJh.x|Bearer |Authorization: |-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|name: |value: |kind: Secret\ndata:\n  |<|>|#|[redacted:ab1Z]|@tcp(|data: {|dsn |name="password">|a1b2|abc|12|$(X)|é|\uD83D|credentials:\n|export |api_key'.split(
    "|",
  ),
);

test("redact changes nothing the second time, whatever the text", () => {
  fc.assert(
    fc.property(fc.array(nasty, { maxLength: 14 }), (pieces) => {
      const once = redact(object({ spec: { text: pieces.join("") } }));
      expect(redact(once)).toEqual(once);
    }),
    { numRuns: 3_000 },
  );
});

test("redact changes nothing the second time, whatever the object", () => {
  const key = fc.constantFrom(
    "password",
    "tokenRef",
    "name",
    "key",
    "value",
    "env",
    "kind",
    "apiVersion",
    "data",
    "authorization",
    "secrets",
    "a",
    "default",
    "values",
    "auths",
    "auth",
    "secretKey",
    "remoteRef",
    "openAPIV3Schema",
    "properties",
    "message",
    "labels",
    "https://u:p@h/token",
  );
  const leaf = fc.oneof(
    nasty,
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom("Secret", "v1", "--password", "DB_PASSWORD"),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      fc.array(tie("tree"), { maxLength: 4 }),
    ),
  }));

  fc.assert(
    fc.property(tree, (value) => {
      const once = redact(object({ spec: { value } }));
      expect(redact(once)).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});

test("redact lets no canary through at any listed position, wherever in the object that stands", () => {
  const canary = fc.stringMatching(/^[A-Za-z0-9]{8,30}$/).map((text) => `zq${text}`);
  const place = fc.constantFrom<(canary: string, name: string) => unknown>(
    (secret, name) => ({ [name]: secret }),
    (secret, name) => ({ [name]: [secret, { x: secret }] }),
    (secret, name) => ({ env: [{ name: name.toUpperCase(), value: secret }] }),
    (secret, name) => ({ args: ["run", `--${name}`, secret, `--${name}=${secret}`] }),
    (secret, name) => ({ params: [{ Name: name, Default: [secret] }] }),
    (secret) => ({ auths: { "ghcr.io": { auth: btoa(secret) } } }),
    (secret) => ({ text: `u:${secret}@tcp(db)/x` }),
    (secret) => ({ [`redis://:${secret}@cache`]: 1 }),
    (secret, name) => ({ text: `<property name="${name}">${secret}</property>` }),
    (secret) => ({ message: `cannot reach postgres://u:${secret}@db/x` }),
    (secret, name) => ({ "app.yaml": `a: b\n${name}: ${secret}\n` }),
    (secret, name) => ({ "app.json": JSON.stringify({ a: { [name]: secret } }) }),
    (secret, name) => ({ ".env": `A=b\n${name}=${secret}\n` }),
    (secret) => ({ text: `x ${JWT.replace(CANARY, secret)} y` }),
    (secret) => ({ text: PEM.replace(CANARY, secret) }),
    (secret) => ({ text: `Authorization: Bearer ${secret}` }),
    (secret) => ({
      object: {
        apiVersion: "v1",
        kind: "Secret",
        data: { any: btoa(secret), [secret.length]: secret },
      },
    }),
  );
  const wrap = fc.constantFrom<(value: unknown) => Record<string, unknown>>(
    (value) => ({ spec: { template: value } }),
    (value) => ({ status: [{ deep: [value] }] }),
    (value) => ({ data: { "x.json": JSON.stringify({ values: value }) } }),
    (value) => ({ spec: { credentials: { nested: value } } }),
  );
  const planted = fc.record({ canary, place, wrap, name: fc.constantFrom(...SECRET_NAMES) });

  fc.assert(
    fc.property(planted, (plant) => {
      const redacted = JSON.stringify(
        redact(object(plant.wrap(plant.place(plant.canary, plant.name)))),
      );
      expect(redacted).not.toContain(plant.canary);
      expect(redacted).not.toContain(btoa(plant.canary));
    }),
    { numRuns: 1_500 },
  );
});
