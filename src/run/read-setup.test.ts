import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kubeconfigFor } from "../testing/simulated-api-server/kubeconfig.ts";
import { readSetup, type Setup } from "./read-setup.ts";

const KUBECONFIG = kubeconfigFor("http://127.0.0.1:1", undefined);

function createRig() {
  const home = mkdtempSync(join(tmpdir(), "lifeline-setup-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const path = join(home, "config");
  writeFileSync(path, KUBECONFIG);
  const read = (env: Readonly<Record<string, string>>): Setup =>
    readSetup(env, { home, bareTerminal: false });
  return { home, path, read };
}

test("readSetup() gives the configuration and the credentials of the kubeconfig", () => {
  const { path, read } = createRig();

  const setup = read({
    KUBECONFIG: path,
    LIFELINE_CONTEXT: " simulated ",
    LIFELINE_INITIAL: "all",
  });

  expect(setup).toMatchObject({
    type: "ready",
    configuration: { initial: "all" },
    credentials: { origin: "http://127.0.0.1:1" },
  });
});

test("readSetup() finds the kubeconfig of the home directory when KUBECONFIG is set to nothing", () => {
  const { home, read } = createRig();
  mkdirSync(join(home, ".kube"));
  writeFileSync(join(home, ".kube", "config"), KUBECONFIG);

  const setup = read({ KUBECONFIG: "", LIFELINE_CONTEXT: "" });

  expect(setup.type).toBe("ready");
});

test.each([
  [{ HTTP_PROXY: "http://upper.test", http_proxy: "http://lower.test" }, "http://upper.test/"],
  [{ HTTP_PROXY: "", http_proxy: "http://lower.test" }, "http://lower.test/"],
  [{ all_proxy: "http://lower.test" }, "http://lower.test/"],
  [{ ALL_PROXY: "http://upper.test", no_proxy: "10.0.0.0/8" }, undefined],
  [{ HTTPS_PROXY: "socks5://for-others.test" }, undefined],
])("F08 readSetup() with %j goes through proxy %s", (env, expected) => {
  const { path, read } = createRig();
  writeFileSync(path, kubeconfigFor("http://10.1.2.3:8001", undefined));

  const setup = read({ KUBECONFIG: path, ...env });

  expect(setup.type === "ready" ? setup.credentials.proxy?.href : setup.type).toBe(expected);
});

test("readSetup() tells a context that is not there with all else that is wrong, and the nearest name", () => {
  const { path, read } = createRig();

  const setup = read({ KUBECONFIG: path, LIFELINE_CONTEXT: "simulatd", LIFELINE_FOO: "1" });

  expect(setup).toEqual({
    type: "invalid",
    problems: [
      expect.objectContaining({ variable: "LIFELINE_FOO" }),
      {
        variable: "LIFELINE_CONTEXT",
        seen: "simulatd",
        why: `no such context in kubeconfig "${path}"`,
        wanted: "simulated",
        nearest: "simulated",
      },
    ],
    isLasting: true,
  });
});

test("readSetup() tells a KUBECONFIG that is not there as wrong", () => {
  const { read } = createRig();

  const setup = read({ KUBECONFIG: "/no/such/file" });

  expect(setup).toEqual({
    type: "invalid",
    problems: [
      {
        variable: "KUBECONFIG",
        seen: "/no/such/file",
        why: "no such file",
        wanted: "path of a kubeconfig file",
      },
    ],
    isLasting: false,
  });
});

test.each([
  ["YAML", "users:\n- name: a\n  user:\n    token: canary"],
  ["JSON", `{"users":[{"name":"a","user":{"token":"canary"}}]}`],
  ["base64", Buffer.from("apiVersion: v1\n".repeat(50)).toString("base64")],
])("readSetup() does not repeat a KUBECONFIG that is itself a kubeconfig in %s", (_, content) => {
  const { read } = createRig();

  const setup = read({ KUBECONFIG: content });

  expect(setup).toEqual({
    type: "invalid",
    problems: [
      {
        variable: "KUBECONFIG",
        why: "not the path of a file: the content of one, perhaps",
        wanted: "path of a kubeconfig file",
      },
    ],
    isLasting: false,
  });
});

test.each([
  ["no cluster anywhere", undefined],
  ["a kubeconfig that is no YAML", "clusters: ["],
  [
    "a current-context that is not there",
    KUBECONFIG.replace(/"current-context": "\w+"/, '"current-context": "x"'),
  ],
])("readSetup() fails, with a right configuration, for %s", (_, content) => {
  const { path, read } = createRig();
  if (content !== undefined) writeFileSync(path, content);

  const setup = read(content === undefined ? {} : { KUBECONFIG: path });

  expect(setup).toMatchObject({ type: "failed", configuration: { initial: "summary" } });
});
