import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { fieldAt } from "../../src/util/json.ts";
import type { ServerVersion } from "../testbed/build-kubernetes.ts";
import type { ControlPlane } from "../testbed/control-plane.ts";
import { startControlPlane } from "../testbed/real-servers.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";

/** A control plane that says what the program asked of it. */
export type AuditedServer = AsyncDisposable & {
  readonly controlPlane: ControlPlane;
  /** The program's lists and watches of custom resources in a namespace that were begun, oldest first. */
  requests(namespace: string): readonly AuditedRequest[];
};

export type AuditedRequest = {
  /** Each is one line of the answer to "how did it come by its objects?". */
  readonly type: "page" | "watch" | "watch with initial events";
  /** Of the answer; a watch has it once its headers are sent. */
  readonly status: number;
};

export type ServerOptions = {
  readonly version: ServerVersion;
  readonly apiServerArgs?: readonly string[];
};

/** Starts one; its API server writes down reads by this program, at their beginning for watches, which do not end. */
export async function startAuditedServer({
  version,
  apiServerArgs = [],
}: ServerOptions): Promise<AuditedServer> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("audit"));
  const [policy, log] = [join(directory, "policy.yaml"), join(directory, "audit.jsonl")];
  await Promise.all([writeFile(policy, stringify(POLICY)), writeFile(log, "")]);
  const controlPlane = starting.use(
    await startControlPlane({
      version,
      apiServerArgs: [
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${log}`,
        "--audit-log-mode=blocking",
        ...apiServerArgs,
      ],
    }),
  );
  const everything = starting.move();
  return {
    controlPlane,
    requests: (namespace) =>
      readFileSync(log, "utf8")
        .split("\n")
        .slice(0, -1)
        .flatMap((line) => parseRequest(JSON.parse(line), namespace)),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** `audit.k8s.io/v1`; RequestReceived has no answer yet. */
const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", verbs: ["list", "watch"] }],
};

function parseRequest(event: unknown, namespace: string): readonly AuditedRequest[] {
  const verb = fieldAt(event, "verb");
  const isOurs = String(fieldAt(event, "userAgent")).startsWith("kube-lifeline/");
  if (!isOurs || fieldAt(event, "objectRef", "namespace") !== namespace) return [];
  const status = Number(fieldAt(event, "responseStatus", "code"));
  if (verb === "list") return [{ type: "page", status }];
  // An open watch is told when it begins and again when it ends; one that is refused has no beginning.
  const isOpened = fieldAt(event, "stage") === "ResponseStarted";
  if (!isOpened && status === 200) return [];
  const query = new URL(String(fieldAt(event, "requestURI")), "http://audit").searchParams;
  const isInitial = query.get("sendInitialEvents") === "true";
  return [{ type: isInitial ? "watch with initial events" : "watch", status }];
}
