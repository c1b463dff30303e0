const DECIMAL = /^[1-9]\d*$/;

/**
 * Orders two resourceVersions of one resource within one epoch: by length, then lexically (KEP-5504; for the decimal
 * numbers that kube-apiserver uses this is numeric order). Negative: `a` is older.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether `a` is older than `b`. Only decimal resourceVersions have an order (KEP-5504); others are only equal or not. */
export function isOlderVersion(a: string, b: string): boolean {
  return compareResourceVersions(a, b) < 0 && DECIMAL.test(a) && DECIMAL.test(b);
}
