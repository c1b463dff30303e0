import { expect, test } from "vitest";
import { formatHttpUrl, parseHttpAddress } from "./http-address.ts";

test.each([
  ["0.0.0.0:8686", "0.0.0.0", 8686],
  [":8686", "0.0.0.0", 8686],
  ["localhost:0", "localhost", 0],
  ["my-host.example.com:65535", "my-host.example.com", 65535],
  ["[::]:8686", "::", 8686],
  ["[::1]:80", "::1", 80],
  ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
])("parseHttpAddress() reads %j", (input, host, port) => {
  const parsed = parseHttpAddress(input);

  expect(parsed).toEqual({ type: "valid", value: { type: "listen", host, port } });
});

test.each(["off", "OFF"])("parseHttpAddress() reads %j as nowhere", (input) => {
  const parsed = parseHttpAddress(input);

  expect(parsed).toEqual({ type: "valid", value: { type: "off" } });
});

test.each([
  ["8686", "no port"],
  ["localhost", "no port"],
  ["localhost:", "no port"],
  ["", "no port"],
  ["localhost:http", "no port"],
  ["localhost:-1", "no port"],
  ["local host:80", "no port"],
  [":65536", "a port is at most 65535"],
  ["http://localhost:80", "an address to listen on has no scheme and no path"],
  ["::1:80", "an IPv6 address needs brackets"],
  ["[::1]", "no port"],
])("parseHttpAddress() refuses %j: %s", (input, why) => {
  const parsed = parseHttpAddress(input);

  expect(parsed).toEqual({ type: "invalid", why });
});

test.each([
  [{ host: "127.0.0.1", port: 80 }, "http://127.0.0.1:80"],
  [{ host: "::", port: 8686 }, "http://[::]:8686"],
])("formatHttpUrl() writes %j", (address, expected) => {
  const url = formatHttpUrl(address);

  expect(url).toBe(expected);
});
