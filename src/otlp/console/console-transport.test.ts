import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createConsoleTransport, writerTo } from "./console-transport.ts";

const LINES = "12:00:00 INFO …\n";
const LINE = new TextEncoder().encode(LINES);
const { signal } = new AbortController();

test("the console transport writes the bytes and accepts", async () => {
  const stream = new PassThrough();
  const send = createConsoleTransport(writerTo(stream));

  const result = await send(LINE, signal);
  stream.end();

  expect(result).toEqual({ type: "accepted", rejected: 0, message: "" });
  expect(await text(stream)).toBe(LINES);
});

test("the console transport answers only when a slow reader has taken the bytes", async () => {
  const taken: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      taken.push(done);
    },
  });
  const send = createConsoleTransport(writerTo(stream));
  const finished: number[] = [];

  const results = [0, 1].map((index) => send(LINE, signal).then(() => finished.push(index)));
  await Promise.resolve();

  expect([taken.length, finished]).toEqual([1, []]);
  taken[0]?.();
  await results[0];
  expect(finished).toEqual([0]);
  taken[1]?.();
  await results[1];
  expect(finished).toEqual([0, 1]);
});

test("the console transport refuses when the reader has gone", async () => {
  const stream = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error("write EPIPE"));
    },
  });
  const send = createConsoleTransport(writerTo(stream));

  const results = [await send(LINE, signal), await send(LINE, signal)];

  expect(results.map((result) => result.type)).toEqual(["refused", "refused"]);
  expect(results[0]).toMatchObject({
    error: new Error("Cannot write to the console: write EPIPE"),
  });
});

test("the console transport writes nothing for an aborted signal", async () => {
  const stream = new PassThrough();

  const result = await createConsoleTransport(writerTo(stream))(LINE, AbortSignal.abort());

  expect([result, stream.read()]).toEqual([{ type: "aborted" }, null]);
});

test("the console transport stops waiting for a reader that stalls when the signal aborts", async () => {
  const stop = new AbortController();
  const neverWritten = Promise.withResolvers<void>();

  const sending = createConsoleTransport(() => neverWritten.promise)(LINE, stop.signal);
  stop.abort();

  expect(await sending).toEqual({ type: "aborted" });
});
