import { expect, test } from "vitest";
import { Shutdown } from "./shutdown.ts";

test("Shutdown begins with the first request and wants an immediate exit with any later one", () => {
  const shutdown = new Shutdown();
  const before = shutdown.signal.aborted;

  const steps = [shutdown.request(), shutdown.request(), shutdown.request()];

  expect(before).toBe(false);
  expect(steps).toEqual(["begin", "exit-at-once", "exit-at-once"]);
  expect(shutdown.signal.aborted).toBe(true);
});
