import { FNV_OFFSET, fnv1a32 } from "../../src/util/fnv1a32.ts";

/** What a stream was: how many events, and a hash over the name and resourceVersion of each, in their order. */
export type Digest = { readonly count: number; readonly hash: string };

/** Takes events one by one. */
export class DigestBuilder {
  #count = 0;
  #hash = FNV_OFFSET;

  add(name: string, resourceVersion: string): void {
    this.#count++;
    this.#hash = fnv1a32(fnv1a32(fnv1a32(this.#hash, name), "@"), resourceVersion);
  }

  get count(): number {
    return this.#count;
  }

  digest(): Digest {
    return { count: this.#count, hash: (this.#hash >>> 0).toString(16) };
  }
}

/** Hands lines on, and takes each. */
export function* digested<Line extends { readonly name: string; readonly resourceVersion: number }>(
  lines: Iterable<Line>,
  into: DigestBuilder,
): Generator<Line> {
  for (const line of lines) {
    into.add(line.name, String(line.resourceVersion));
    yield line;
  }
}

/** What is wrong with what was told, as a sentence for people; undefined if it is exactly what was wanted. */
export function compareDigests(what: string, wanted: Digest, got: Digest): string | undefined {
  if (wanted.count !== got.count)
    return `Wrong answer: wanted ${wanted.count} ${what}, got ${got.count}`;
  if (wanted.hash !== got.hash)
    return `Wrong answer: ${got.count} ${what} as wanted, but other names, resourceVersions or another order`;
  return undefined;
}
