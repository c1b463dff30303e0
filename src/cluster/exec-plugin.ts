import { spawn } from "node:child_process";
import { fieldAt } from "../util/json.ts";
import { toError } from "../util/to-error.ts";
import { parseExecCredential, type ParsedExecCredential } from "./parse-exec-credential.ts";

/** A program that gives credentials, as a kubeconfig's `user.exec` says (client-go, `clientcmd/api/v1`, ExecConfig). */
export type ExecPlugin = {
  /** With a slash a path, else looked for on PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  /** What helps people who do not have the program. */
  readonly installHint?: string;
  readonly provideClusterInfo: boolean;
  /** It cannot do without a terminal, and we have none. */
  readonly needsTerminal: boolean;
};

/** `problem` completes "Cannot get credentials from …:". */
export type PluginRun =
  | Extract<ParsedExecCredential, { type: "credential" }>
  | { readonly type: "failed"; readonly problem: string; readonly cause?: Error };

export type RunPluginOptions = {
  /** What the program finds in its environment, besides what the kubeconfig adds. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `spec.cluster` of its input, where the kubeconfig asks for it. */
  readonly cluster: unknown;
  /** Kills it and all that it started. */
  readonly signal: AbortSignal;
};

/** v1 has been there since Kubernetes 1.22; a kubeconfig that names none is none of kubectl's. */
const DEFAULT_VERSION = "client.authentication.k8s.io/v1";

/** A credential is a few kilobytes. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
/** What a person needs of an error. */
const STDERR_CHARACTERS_MAX = 500;

/** Reads `user.exec`; `undefined` if it names no command. */
export function parseExecPlugin(exec: unknown): ExecPlugin | undefined {
  const command = fieldAt(exec, "command");
  if (typeof command !== "string" || command === "") return undefined;
  const args = fieldAt(exec, "args");
  const apiVersion = fieldAt(exec, "apiVersion");
  const installHint = fieldAt(exec, "installHint");
  return {
    command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: readVariables(fieldAt(exec, "env")),
    apiVersion: typeof apiVersion === "string" ? apiVersion : DEFAULT_VERSION,
    ...(typeof installHint === "string" && installHint !== "" ? { installHint } : {}),
    provideClusterInfo: fieldAt(exec, "provideClusterInfo") === true,
    needsTerminal: fieldAt(exec, "interactiveMode") === "Always",
  };
}

function readVariables(env: unknown): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of Array.isArray(env) ? env : []) {
    const name = fieldAt(entry, "name");
    const value = fieldAt(entry, "value");
    if (typeof name === "string" && typeof value === "string") found[name] = value;
  }
  return found;
}

/** Runs the plugin once, beside everything else; never throws, and ends as soon as the signal aborts. */
export async function runExecPlugin(
  plugin: ExecPlugin,
  options: RunPluginOptions,
): Promise<PluginRun> {
  if (plugin.needsTerminal) {
    return failed(`exec plugin "${plugin.command}" wants a terminal (interactiveMode is Always)`);
  }
  const ended = await runToEnd(plugin, options);
  const name = `exec plugin "${plugin.command}"`;
  const help = plugin.installHint === undefined ? "" : `; ${plugin.installHint.trim()}`;
  if (ended.type === "not-started")
    return failed(`${name} did not start: ${ended.error.message}${help}`, ended.error);
  if (ended.type === "killed") return failed(`${name} was ended before it answered`);
  if (ended.type === "too-long") return failed(`${name} said more than ${OUTPUT_BYTES_MAX} bytes`);
  if (ended.code !== 0) {
    const how = ended.code === null ? `ended by ${ended.signal}` : `exited ${ended.code}`;
    return failed(`${name} ${how}${formatStderr(ended.stderr)}${help}`);
  }
  const parsed = parseExecCredential(ended.stdout);
  if (parsed.type === "credential") return parsed;
  return failed(`the answer ${parsed.problem} (${name})${formatStderr(ended.stderr)}`);
}

type Ended =
  | { readonly type: "not-started"; readonly error: Error }
  | { readonly type: "killed" }
  | { readonly type: "too-long" }
  | {
      readonly type: "exited";
      readonly code: number | null;
      readonly signal: string | null;
      readonly stdout: string;
      readonly stderr: string;
    };

function runToEnd(plugin: ExecPlugin, options: RunPluginOptions): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const { signal } = options;
  // A group of its own: plugins are scripts that start other programs, which would live on.
  const child = spawn(plugin.command, plugin.args, {
    env: { ...options.environment, ...plugin.env, KUBERNETES_EXEC_INFO: inputOf(plugin, options) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = "";
  function end(ended: Ended): void {
    signal.removeEventListener("abort", onAbort);
    resolve(ended);
  }
  function cut(type: "killed" | "too-long"): void {
    if (child.pid !== undefined) killGroup(child.pid);
    // What escaped the group may hold the pipes open.
    child.stdout.destroy();
    child.stderr.destroy();
    end({ type });
  }
  function onAbort(): void {
    cut("killed");
  }
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    stdoutBytes += chunk.byteLength;
    if (stdoutBytes > OUTPUT_BYTES_MAX) cut("too-long");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2 * STDERR_CHARACTERS_MAX);
  });
  child.on("error", (error) => end({ type: "not-started", error }));
  child.on("close", (code, by) => {
    const said = Buffer.concat(stdout).toString("utf8");
    end({ type: "exited", code, signal: by, stdout: said, stderr });
  });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return promise;
}

/** `KUBERNETES_EXEC_INFO`: what a plugin reads first. */
function inputOf(
  { apiVersion, provideClusterInfo }: ExecPlugin,
  { cluster }: RunPluginOptions,
): string {
  const spec = { interactive: false, ...(provideClusterInfo ? { cluster } : {}) };
  return JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
}

function killGroup(pid: number): void {
  try {
    // oxlint-disable-next-line no-restricted-globals -- a child ends itself alone; only this ends a group
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function formatStderr(stderr: string): string {
  const text = stderr.replaceAll(/\s+/g, " ").trim();
  return text === "" ? "" : `, and said: ${text.slice(-STDERR_CHARACTERS_MAX)}`;
}

function failed(problem: string, cause?: unknown): PluginRun {
  return { type: "failed", problem, ...(cause === undefined ? {} : { cause: toError(cause) }) };
}
