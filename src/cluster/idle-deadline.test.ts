import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { IdleDeadline, type IdleDeadlineOptions } from "./idle-deadline.ts";

function guarded(
  chunks: AsyncIterable<Uint8Array>,
  options: IdleDeadlineOptions,
): AsyncGenerator<Uint8Array> {
  return new IdleDeadline(options).guard(chunks);
}

const CHUNK = Buffer.from("x");

/** Hands out what the test pushes. */
function createSource(): { push: () => void; chunks: AsyncIterable<Uint8Array> } {
  const stream = new TransformStream<Uint8Array, Uint8Array>();
  const writer = stream.writable.getWriter();
  return { push: () => void writer.write(CHUNK), chunks: stream.readable };
}

test("IdleDeadline calls onIdle when no chunk came for so long", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  let idleAtMs: number | undefined;
  const startMs = clock.now();
  const onIdle = (): void => void (idleAtMs = clock.now() - startMs);

  const read = guarded(chunks, { clock, idleMs: 1000, onIdle });
  push();
  await read.next();
  const waiting = read.next();
  await clock.advance(700);
  push();
  await waiting;
  void read.next();
  await clock.advance(5000);

  expect(idleAtMs).toBe(1700);
});

test("IdleDeadline does not count the time that the consumer takes", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  let idleCalls = 0;

  const read = guarded(chunks, { clock, idleMs: 1000, onIdle: () => void idleCalls++ });
  push();
  await read.next();
  await clock.advance(60_000);
  push();
  const next = await read.next();

  expect(idleCalls).toBe(0);
  expect(next.done).toBe(false);
});

test("IdleDeadline leaves no timer when the consumer leaves", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  push();

  for await (const _ of guarded(chunks, { clock, idleMs: 1000, onIdle: () => undefined })) break;

  expect(clock.pending()).toEqual([]);
});

test("IdleDeadline holds to another patience from the moment at which it is set", async () => {
  const clock = createFakeClock();
  const { chunks } = createSource();
  const startMs = clock.now();
  let idleAtMs: number | undefined;
  const onIdle = (): void => void (idleAtMs = clock.now() - startMs);
  const deadline = new IdleDeadline({ clock, idleMs: 600_000, onIdle });

  void deadline.guard(chunks).next();
  await clock.advance(10_000);
  deadline.set(120_000);
  await clock.advance(600_000);

  expect(idleAtMs).toBe(120_000);
});
