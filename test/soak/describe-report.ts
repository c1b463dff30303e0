import type { SoakReport } from "./soak-report.ts";

/** A long soak that went wrong may find as many as it told. */
const PROBLEMS_MAX = 40;

/** What was done and what was found, for people. */
export function describeReport(report: SoakReport): string {
  const { facts, repetitions, kills, faults, problems } = report;
  const killed = [...kills.values()].reduce((a, b) => a + b, 0);
  const programs = [...facts].map(
    ([name, count]) =>
      `${name}: ${count} facts, ${report.netFacts.get(name) ?? 0} of them net changes, ${repetitions.get(name) ?? 0} repetitions`,
  );
  const lines = [
    `${report.writes} writes, ${report.sightings} events recorded; ${killed} kills: ${spell(kills)}`,
    `collector stopped ${report.collectorStops} times, API server restarted ${report.gaps} times; faults met: ${spell(faults)}; ${report.setAside} records refused for good`,
    ...programs,
    ...problems.slice(0, PROBLEMS_MAX),
  ];
  if (problems.length > PROBLEMS_MAX) lines.push(`and ${problems.length - PROBLEMS_MAX} more`);
  if (problems.length === 0) lines.push("nothing lost, nothing told in two ways, nothing made up");
  return lines.join("\n");
}

function spell(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}
