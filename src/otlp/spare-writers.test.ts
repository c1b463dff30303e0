import { expect, test } from "vitest";
import { SpareWriters } from "./spare-writers.ts";

test("take() gives the room of a writer that was given back, and nothing of what it wrote", () => {
  const writers = new SpareWriters();
  const first = writers.take();
  first.string(1, "x".repeat(10_000));
  writers.giveBack(first);

  const second = writers.take();

  expect(second.length).toBe(0);
  expect(second.capacity).toBeGreaterThan(10_000);
});

test("take() gives each writer to one taker at a time", () => {
  const writers = new SpareWriters();
  writers.giveBack(writers.take());

  const first = writers.take();
  const second = writers.take();

  expect(second).not.toBe(first);
});

test("giveBack() keeps no writer that has grown beyond 256 KiB", () => {
  const writers = new SpareWriters();
  const large = writers.take();
  large.string(1, "x".repeat(256 * 1024));
  writers.giveBack(large);

  const next = writers.take();

  expect(next.capacity).toBeLessThan(256 * 1024);
});

test("giveBack() keeps 64 writers at most", () => {
  const writers = new SpareWriters();
  const taken = Array.from({ length: 65 }, () => writers.take());
  for (const writer of taken) writers.giveBack(writer);

  const again = new Set(Array.from({ length: 65 }, () => writers.take()));

  expect(taken.filter((writer) => again.has(writer))).toHaveLength(64);
});
