import { expect, test } from "vitest";
import { createRandom, randomUid } from "../testing/demo/random.ts";
import { fnv1a64 } from "../util/fnv1a64.ts";
import { formatShard, parseShard, shardFilter } from "./shard.ts";

test.each([
  ["0/1", { index: 0, count: 1 }],
  ["0/3", { index: 0, count: 3 }],
  ["1023/1024", { index: 1023, count: 1024 }],
])("parseShard() reads %s, as formatShard() writes it", (text, value) => {
  const parsed = parseShard(text);

  expect(parsed).toEqual({ type: "valid", value });
  expect(formatShard(value)).toBe(text);
});

test.each([
  ["3", "not two numbers with a slash between them"],
  ["-1/3", "not two numbers with a slash between them"],
  ["1 / 3", "not two numbers with a slash between them"],
  ["0.5/3", "not two numbers with a slash between them"],
  ["0/0", "there is at least one shard"],
  ["3/3", "shards are counted from 0, so that the last one is 2/3"],
  ["0/1025", "more than 1024 shards"],
])("parseShard() refuses %s: %s", (text, why) => {
  expect(parseShard(text)).toEqual({ type: "invalid", why });
});

test.each([1, 2, 3, 7, 1000])("each object is in exactly one of %i shards", (count) => {
  const random = createRandom(count);
  const uids = ["", "no uuid", ...Array.from({ length: 300 }, () => randomUid(random))];
  const shards = Array.from({ length: count }, (_, index) => shardFilter({ index, count }));

  const homes = uids.map((uid) => shards.filter((isOurs) => isOurs(uid)).length);

  expect(new Set(homes)).toEqual(new Set([1]));
});

test("three shards share random UIDs evenly", () => {
  const random = createRandom(1);
  const uids = Array.from({ length: 3000 }, () => randomUid(random));

  const shares = [0, 1, 2].map((index) => uids.filter(shardFilter({ index, count: 3 })).length);

  for (const share of shares) expect(share).toBeGreaterThan(900);
});

test("of two shards the first has the hashes below 2^63, as Kubernetes' shardRange splits them", () => {
  const random = createRandom(2);
  const uids = Array.from({ length: 200 }, () => randomUid(random));

  const first = uids.filter(shardFilter({ index: 0, count: 2 }));

  expect(first).toEqual(uids.filter((uid) => fnv1a64(uid) < 0x8000000000000000n));
});
