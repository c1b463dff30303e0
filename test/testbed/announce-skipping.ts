/** Says on stderr which suites are skipped, and why; throws under CI, where nothing may be skipped. */
export function announceSkipping(suites: string, reason: string): void {
  if (process.env["CI"] !== undefined) throw new Error(`Cannot run ${suites}: ${reason}`);
  process.stderr.write(`testbed: SKIPPING ${suites}: ${reason}\n`);
}
