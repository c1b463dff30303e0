import { inspect } from "node:util";
import { expect, test } from "vitest";
import { chooseProxy, parseProxyUrl } from "./choose-proxy.ts";

const PROXY = "http://proxy.test:3128";

test.each([
  ["https://api.test", { httpsProxy: PROXY }, "http://proxy.test:3128/"],
  ["https://api.test", { httpProxy: PROXY }, "direct"],
  ["http://api.test", { httpProxy: PROXY }, "http://proxy.test:3128/"],
  ["http://api.test", { httpsProxy: PROXY }, "direct"],
  ["https://api.test", { allProxy: PROXY }, "http://proxy.test:3128/"],
  ["https://api.test", { allProxy: PROXY, httpsProxy: "https://tls.test" }, "https://tls.test/"],
  ["https://api.test", { httpsProxy: "proxy.test:3128" }, "http://proxy.test:3128/"],
  ["https://api.test", {}, "direct"],
  ["https://localhost:6443", { httpsProxy: PROXY }, "direct"],
  ["https://127.3.2.1:6443", { httpsProxy: PROXY }, "direct"],
  ["https://[::1]:6443", { httpsProxy: PROXY }, "direct"],
] as const)("F08 chooseProxy() for %s with %j is %s", (server, variables, expected) => {
  const choice = chooseProxy(new URL(server), variables);

  expect(choice.type === "proxy" ? choice.url.href : choice.type).toBe(expected);
});

test.each([
  ["api.example.com", "api.example.com", true],
  ["api.example.com", "API.Example.com", true],
  ["api.example.com", "example.com", true],
  ["api.example.com", ".example.com", true],
  ["api.example.com", "*.example.com", true],
  ["api.example.com.", "example.com", true],
  ["example.com", ".example.com", false],
  ["example.com", "*.example.com", false],
  ["badexample.com", "example.com", false],
  ["api.example.com:6443", "example.com:6443", true],
  ["api.example.com:6443", "example.com:443", false],
  ["api.example.com", "example.com:443", true],
  ["api.example.com", "other.com, ,*", true],
  ["api.example.com", "other.com , example.com", true],
  ["api.example.com", ".", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3:6443", "10.1.2.3:6443", true],
  ["10.1.2.3:6443", "10.1.2.3:443", false],
  ["10.1.2.3", "10.0.0.0/8", true],
  ["10.1.2.3", "10.2.0.0/16", false],
  ["10.1.2.3", "10.0.0.0/33", false],
  ["10.1.2.3", "10.0.0.0/", false],
  ["10.1.2.3", "fd00::/8", false],
  ["api.example.com", "10.0.0.0/8", false],
  ["[fd00::1]:6443", "fd00:0::1", true],
  ["[fd00::1]:6443", "[fd00::1]:6443", true],
  ["[fd00::1]:6443", "[fd00::1]:443", false],
  ["[fd00::1]", "fd00::/8", true],
  ["[fd00::1]", "fe80::/10", false],
])(
  "F08 no-proxy: https://%s with NO_PROXY=%j is reached directly: %s",
  (host, noProxy, isDirect) => {
    const choice = chooseProxy(new URL(`https://${host}`), { httpsProxy: PROXY, noProxy });

    expect(choice.type).toBe(isDirect ? "direct" : "proxy");
  },
);

test.each(["socks5://me:hunter2@proxy.test:1080", "http://me:hunter2@", "me:hunter2@"])(
  "F08 parseProxyUrl() takes no %s, and repeats no password",
  (text) => {
    const choice = parseProxyUrl(text);

    expect(choice.type).toBe("wrong");
    expect(inspect(choice)).not.toContain("hunter2");
  },
);
