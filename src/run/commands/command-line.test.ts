import { expect, test } from "vitest";
import { parseCommandLine } from "./command-line.ts";

test.each([
  [["--help"], { type: "help" }],
  [["-h"], { type: "help" }],
  [["--version"], { type: "version" }],
  [["check"], { type: "command", command: "check", options: new Map() }],
  [
    ["check", "--state"],
    { type: "command", command: "check", options: new Map([["--state", ""]]) },
  ],
  [["check", "--help"], { type: "help", command: "check" }],
  [["check", "--staet", "-h"], { type: "help", command: "check" }],
  [["rbac", "--help"], { type: "help", command: "rbac" }],
])("parseCommandLine() reads %j", (args, expected) => {
  const line = parseCommandLine(args);

  expect(line).toEqual(expected);
});

test.each([
  [[], "kube-lifeline", "kube-lifeline/kube-lifeline"],
  [["--name", "reader"], "reader", "kube-lifeline/kube-lifeline"],
  [["--name=system:reader"], "system:reader", "kube-lifeline/kube-lifeline"],
  [["--service-account", "ops/lifeline", "--name", "r"], "r", "ops/lifeline"],
])("parseCommandLine() takes %j for rbac, with defaults for the rest", (args, name, account) => {
  const line = parseCommandLine(["rbac", ...args]);

  expect(line).toEqual({
    type: "command",
    command: "rbac",
    options: new Map([
      ["--name", name],
      ["--service-account", account],
    ]),
  });
});

test.each([
  [["chek"], 'no such command; did you mean "check"?'],
  [["watch", "pods"], "no such command ("],
  [["--versoin"], 'no such option; did you mean "--version"?'],
  [["--verbose"], "no such option ("],
  [["explain", "pods"], '"explain" is not in this version yet'],
  [["explain"], '"explain" is not in this version yet'],
  [["constructor"], "no such command"],
  [["check", "--stat"], '"--stat" is no option of it; did you mean "--state"?'],
  [["check", "pods"], '"pods" is no option of it'],
  [["check", "--state=yes"], "--state takes no value"],
  [["rbac", "--name"], "--name needs a value: NAME"],
  [["rbac", "--name", "A b"], '--name is "A b", wanted: NAME'],
  [["rbac", "--service-account", "lifeline"], "such as kube-lifeline/kube-lifeline"],
  [["rbac", "--nmae", "x"], 'did you mean "--name"?'],
])("parseCommandLine() says what is wrong with %j", (args, why) => {
  const line = parseCommandLine(args);

  expect(line).toEqual({ type: "wrong", message: expect.stringContaining(why) });
  expect(line).toMatchObject({
    message: expect.stringContaining(`Cannot run "lifeline ${args.join(" ")}"`),
  });
});
