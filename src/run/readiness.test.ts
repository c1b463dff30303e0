import { expect, test } from "vitest";
import type { ActiveWatch } from "../pipeline/active-watch.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { Readiness } from "./readiness.ts";

type Watch = { readonly name: string; state: ActiveWatch["state"] };

test("Readiness waits for the watches of the start, not for those that begin later, or anew", () => {
  const readiness = new Readiness(createFakeClock());
  const pods: Watch = { name: "pods", state: "syncing" };
  const watches = [pods];
  const answers: (readonly string[])[] = [];

  readiness.watching({ watches, stateFailure: undefined }, ["pods"], () => []);
  answers.push(readiness.unready());
  watches.push({ name: "boats.example.com", state: "syncing" });
  answers.push(readiness.unready());
  pods.state = "synced";
  answers.push(readiness.unready());
  pods.state = "syncing";
  answers.push(readiness.unready());

  expect(answers).toEqual([["pods is not synced yet"], ["pods is not synced yet"], [], []]);
});

test("Readiness notes what is not allowed, in the words that it is given at the moment", () => {
  const readiness = new Readiness(createFakeClock());
  let forbidden: readonly string[] = [];
  readiness.watching({ watches: [], stateFailure: undefined }, [], () => forbidden);
  const before = readiness.notes();

  forbidden = ["pods is not allowed"];

  expect([before, readiness.notes()]).toEqual([[], ["pods is not allowed"]]);
});
