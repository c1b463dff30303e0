import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { withIdleDeadline } from "./idle-deadline.ts";

const CHUNK = Buffer.from("x");

/** Hands out what the test pushes. */
function createSource(): { push: () => void; chunks: AsyncIterable<Uint8Array> } {
  const stream = new TransformStream<Uint8Array, Uint8Array>();
  const writer = stream.writable.getWriter();
  return { push: () => void writer.write(CHUNK), chunks: stream.readable };
}

test("withIdleDeadline() calls onIdle when no chunk came for so long", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  let idleAtMs: number | undefined;
  const startMs = clock.now();
  const onIdle = (): void => void (idleAtMs = clock.now() - startMs);

  const read = withIdleDeadline(chunks, { clock, idleMs: 1000, onIdle });
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

test("withIdleDeadline() does not count the time that the consumer takes", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  let idleCalls = 0;

  const read = withIdleDeadline(chunks, { clock, idleMs: 1000, onIdle: () => void idleCalls++ });
  push();
  await read.next();
  await clock.advance(60_000);
  push();
  const next = await read.next();

  expect(idleCalls).toBe(0);
  expect(next.done).toBe(false);
});

test("withIdleDeadline() leaves no timer when the consumer leaves", async () => {
  const clock = createFakeClock();
  const { push, chunks } = createSource();
  push();

  for await (const _ of withIdleDeadline(chunks, { clock, idleMs: 1000, onIdle: () => undefined }))
    break;

  expect(clock.pending()).toEqual([]);
});
