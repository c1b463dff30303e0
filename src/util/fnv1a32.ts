/** Where an FNV-1a hash begins (32 bits, as a signed integer). */
export const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * Goes on with an FNV-1a hash over a text's UTF-16 units: fast and short, not safe against people who want collisions.
 *
 * The hash is a signed integer, which V8 passes around without an object on the heap, and writes seven times as fast.
 */
export function fnv1a32(hash: number, text: string): number {
  let next = hash;
  for (let index = 0; index < text.length; index++)
    next = Math.imul(next ^ text.charCodeAt(index), FNV_PRIME);
  return next;
}
