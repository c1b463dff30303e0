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

test("takeForBody() writes over the request that was given back, if there is room", () => {
  const writers = new SpareWriters();
  const first = bodyOf(writers, 200_000);
  writers.giveBackBody(first);

  const second = bodyOf(writers, 250_000);
  const third = bodyOf(writers, 10);

  expect(second.buffer).toBe(first.buffer);
  expect(third.buffer).not.toBe(first.buffer);
});

test("takeForBody() begins with more room when what was given back has too little", () => {
  const writers = new SpareWriters();
  const first = bodyOf(writers, 1000);
  writers.giveBackBody(first);

  const second = bodyOf(writers, 300_000);

  expect(second.buffer).not.toBe(first.buffer);
  expect(second).toHaveLength(300_000);
});

test("giveBackBody() keeps no part of the pool that Node cuts small buffers from, and nothing beyond 4 MiB", () => {
  const writers = new SpareWriters();
  const bodies = [Buffer.allocUnsafe(100), Buffer.alloc(4 * 1024 * 1024 + 1)];

  const kept = bodies.filter((body) => {
    writers.giveBackBody(body);
    return bodyOf(writers, 1).buffer === body.buffer;
  });

  expect(kept).toEqual([]);
});

/** A request of exactly that size. */
function bodyOf(writers: SpareWriters, sizeBytes: number): Uint8Array {
  const writer = writers.takeForBody(sizeBytes);
  writer.append(new Uint8Array(sizeBytes));
  return writer.view();
}
