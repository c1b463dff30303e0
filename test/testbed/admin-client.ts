import { Agent, request } from "undici";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt, isMap } from "../../src/util/json.ts";
import { eventually } from "./eventually.ts";

/** An object to be written; what the API server fills in is not there yet. */
export type NewObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
};

/** Which object is meant; an object is a reference to itself. */
export type ObjectReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** What `list` lists; all namespaces without one. */
type ListReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
};

type WriteOptions = {
  /** The name in managedFields; `testbed` by default. */
  readonly fieldManager?: string;
  readonly subresource?: "status";
};

/** The API server refused a request; `status` is its HTTP status. */
export class AdminRequestError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Payload = { readonly body: unknown; readonly contentType?: string };
type AdminClientOptions = { readonly server: string; readonly ca: string; readonly token: string };

const CRD = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };

/** A small client for suites: each method is one request (or a wait for its effect) and throws `AdminRequestError` unless it is answered 2xx. */
export class AdminClient implements AsyncDisposable {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;
  /** `apiVersion kind` → plural and scope. */
  readonly #resources = new Map<
    string,
    { readonly plural: string; readonly namespaced: boolean }
  >();

  constructor({ server, ca, token }: AdminClientOptions) {
    this.#server = server;
    this.#token = token;
    this.#agent = new Agent({ connect: { ca }, connections: 4 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  /** Applies every document of a YAML text (server-side apply, forced), in order; CRDs are waited for until they are served. */
  async applyYaml(text: string, options: WriteOptions = {}): Promise<readonly KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const document of parseAllDocuments(text)) {
      const value: unknown = document.toJS();
      if (value !== null) applied.push(await this.apply(parseNewObject(value), options));
    }
    return applied;
  }

  /** Server-side apply, forced; a CRD is waited for until it is served. */
  async apply(object: NewObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = `${await this.#path(object, options.subresource)}?${writeQuery(options)}&force=true`;
    const applied = parseObject(
      await this.request("PATCH", path, {
        body: object,
        contentType: "application/apply-patch+yaml",
      }),
    );
    if (object.kind === CRD.kind) await this.#waitUntilServed(applied);
    return applied;
  }

  async create(object: NewObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = await this.#collectionPath({ ...object, ...namespaceOf(object) });
    const created = parseObject(
      await this.request("POST", `${path}?${writeQuery(options)}`, { body: object }),
    );
    if (object.kind === CRD.kind) await this.#waitUntilServed(created);
    return created;
  }

  async get(reference: ObjectReference): Promise<KubeObject> {
    return parseObject(await this.request("GET", await this.#path(reference)));
  }

  /** Like `get`, but undefined if there is no such object. */
  async find(reference: ObjectReference): Promise<KubeObject | undefined> {
    try {
      return await this.get(reference);
    } catch (error) {
      if (error instanceof AdminRequestError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list(reference: ListReference): Promise<readonly KubeObject[]> {
    const items = fieldAt(
      await this.request("GET", await this.#collectionPath(reference)),
      "items",
    );
    // A list's items come without apiVersion and kind for built-in kinds.
    const { apiVersion, kind } = reference;
    return Array.isArray(items)
      ? items.map((item: unknown) =>
          parseObject(isMap(item) ? { apiVersion, kind, ...item } : item),
        )
      : [];
  }

  /** PUT; the object's resourceVersion, if it has one, must be the current one. */
  async replace(object: NewObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = await this.#path(object, options.subresource);
    return parseObject(
      await this.request("PUT", `${path}?${writeQuery(options)}`, { body: object }),
    );
  }

  /** A list is sent as JSON patch (RFC 6902), anything else as merge patch (RFC 7396). */
  async patch(
    reference: ObjectReference,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const path = await this.#path(reference, options.subresource);
    const contentType = Array.isArray(patch)
      ? "application/json-patch+json"
      : "application/merge-patch+json";
    return parseObject(
      await this.request("PATCH", `${path}?${writeQuery(options)}`, { body: patch, contentType }),
    );
  }

  /** Merges into `.status` through the status subresource; lists, such as conditions, are replaced whole. */
  async patchStatus(
    reference: ObjectReference,
    status: unknown,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    return await this.patch(reference, { status }, { ...options, subresource: "status" });
  }

  /** Asks for the deletion; an object with finalizers stays until these are gone. */
  async delete(reference: ObjectReference): Promise<void> {
    await this.request("DELETE", await this.#path(reference));
  }

  async createNamespace(name: string): Promise<void> {
    await this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  /** Any other request: the answer's JSON. `path` begins with a slash. */
  async request(method: Method, path: string, payload?: Payload): Promise<unknown> {
    const { statusCode, text } = await this.#send(method, path, payload);
    if (statusCode >= 300) {
      throw new AdminRequestError(
        `Cannot ${method} ${path}: API server answered ${statusCode}: ${text.slice(0, 2000)}`,
        statusCode,
      );
    }
    return JSON.parse(text);
  }

  /** The HTTP status that a GET of this path is answered with. */
  async status(path: string): Promise<number> {
    return (await this.#send("GET", path)).statusCode;
  }

  async #send(
    method: Method,
    path: string,
    payload?: Payload,
  ): Promise<{ readonly statusCode: number; readonly text: string }> {
    const { statusCode, body } = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(payload === undefined
          ? {}
          : { "content-type": payload.contentType ?? "application/json" }),
      },
      body: payload === undefined ? null : JSON.stringify(payload.body),
    });
    return { statusCode, text: await body.text() };
  }

  async #path(reference: ObjectReference, subresource?: string): Promise<string> {
    const collection = await this.#collectionPath({ ...reference, ...namespaceOf(reference) });
    const path = `${collection}/${encodeURIComponent(reference.metadata.name)}`;
    return subresource === undefined ? path : `${path}/${subresource}`;
  }

  async #collectionPath({ apiVersion, kind, namespace }: ListReference): Promise<string> {
    const key = `${apiVersion} ${kind}`;
    if (!this.#resources.has(key)) await this.#discover(apiVersion);
    const resource = this.#resources.get(key);
    if (resource === undefined)
      throw new Error(
        `Cannot find kind "${kind}" in "${apiVersion}": the API server does not serve it`,
      );
    const scope = namespace === undefined || !resource.namespaced ? "" : `/namespaces/${namespace}`;
    return `${rootPath(apiVersion)}${scope}/${resource.plural}`;
  }

  async #discover(apiVersion: string): Promise<void> {
    const resources = fieldAt(await this.request("GET", rootPath(apiVersion)), "resources");
    for (const resource of Array.isArray(resources) ? resources : []) {
      if (!isMap(resource) || String(resource["name"]).includes("/")) continue;
      const facts = {
        plural: String(resource["name"]),
        namespaced: resource["namespaced"] === true,
      };
      this.#resources.set(`${apiVersion} ${String(resource["kind"])}`, facts);
    }
  }

  /** A CRD is Established a moment before its paths answer; both are waited for. */
  async #waitUntilServed(definition: KubeObject): Promise<void> {
    const [group, plural] = [
      fieldAt(definition, "spec", "group"),
      fieldAt(definition, "spec", "names", "plural"),
    ];
    const versions = fieldAt(definition, "spec", "versions");
    const served = (Array.isArray(versions) ? versions : []).filter(
      (version) => fieldAt(version, "served") === true,
    );
    await eventually(async () => {
      const conditions = fieldAt(
        await this.get({ ...CRD, metadata: definition.metadata }),
        "status",
        "conditions",
      );
      if (!Array.isArray(conditions) || !conditions.some(isEstablished)) {
        throw new Error(
          `Cannot use CRD "${definition.metadata.name}": it is not Established: ${JSON.stringify(conditions)}`,
        );
      }
      for (const version of served)
        await this.request(
          "GET",
          `/apis/${String(group)}/${String(fieldAt(version, "name"))}/${String(plural)}`,
        );
    });
  }
}

function isEstablished(condition: unknown): boolean {
  return fieldAt(condition, "type") === "Established" && fieldAt(condition, "status") === "True";
}

function rootPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function namespaceOf({ metadata }: ObjectReference): { readonly namespace?: string } {
  return metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
}

function writeQuery({ fieldManager = "testbed" }: WriteOptions): string {
  return `fieldManager=${encodeURIComponent(fieldManager)}`;
}

function parseNewObject(value: unknown): NewObject {
  if (isNewObject(value)) return value;
  throw new Error(
    `Cannot apply what is not a Kubernetes object: ${JSON.stringify(value)?.slice(0, 500)}`,
  );
}

function isNewObject(value: unknown): value is NewObject {
  return (
    typeof fieldAt(value, "apiVersion") === "string" &&
    typeof fieldAt(value, "kind") === "string" &&
    typeof fieldAt(value, "metadata", "name") === "string"
  );
}

function parseObject(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new Error(
    `Cannot read the API server's answer as an object: ${JSON.stringify(value)?.slice(0, 500)}`,
  );
}

function isKubeObject(value: unknown): value is KubeObject {
  return isNewObject(value) && typeof fieldAt(value, "metadata", "uid") === "string";
}
