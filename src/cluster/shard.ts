import { fnv1a64 } from "../util/fnv1a64.ts";

/** One instance's share of all objects: the `index`th of `count`, counted from 0. */
export type Shard = { readonly index: number; readonly count: number };

export type ParsedShard =
  | { readonly type: "valid"; readonly value: Shard }
  | { readonly type: "invalid"; readonly why: string };

/** Each instance reads the whole stream: with more of them, that is all that most of them do. */
const COUNT_MAX = 1024;

/** How many there are. */
const HASHES = 1n << 64n;

/** Reads `0/3`. */
export function parseShard(input: string): ParsedShard {
  const { index: first, count: second } =
    /^(?<index>\d{1,5})\/(?<count>\d{1,5})$/.exec(input)?.groups ?? {};
  if (first === undefined || second === undefined)
    return { type: "invalid", why: "not two numbers with a slash between them" };
  const [index, count] = [Number(first), Number(second)];
  if (count === 0) return { type: "invalid", why: "there is at least one shard" };
  if (count > COUNT_MAX) return { type: "invalid", why: `more than ${COUNT_MAX} shards` };
  if (index >= count) {
    const last = `${count - 1}/${count}`;
    return { type: "invalid", why: `shards are counted from 0, so that the last one is ${last}` };
  }
  return { type: "valid", value: { index, count } };
}

/** As users write it: `0/3`. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * Whether an object is this shard's, by its UID: its FNV-1a hash of 64 bits is in `[index * 2^64 / count, (index + 1) *
 * 2^64 / count)`. Of `count` shards each object is in exactly one. Kubernetes' sharded list and watch (KEP-5866) reads
 * `shardRange(object.metadata.uid, from, to)` the same way.
 */
export function shardFilter({ index, count }: Shard): (uid: string) => boolean {
  const [from, to] = [boundary(index, count), boundary(index + 1, count)];
  return (uid) => {
    const hash = fnv1a64(uid);
    return from <= hash && hash < to;
  };
}

function boundary(index: number, count: number): bigint {
  return (BigInt(index) * HASHES) / BigInt(count);
}
