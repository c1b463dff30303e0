import { readFileSync } from "node:fs";

/** Linux counts in these whatever the kernel's own clock is (`getconf CLK_TCK`, USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Seconds that all threads of a process have computed, in user and in kernel mode. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name and may hold anything; the third begins behind its bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [fields[11], fields[12]].map(Number);
  return ((userTicks ?? 0) + (systemTicks ?? 0)) / TICKS_PER_SECOND;
}

/** Megabytes (10⁶ bytes) that a process holds in memory now, and the most that it ever held. */
export function memoryMb(pid: number): { readonly rss: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { rss: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}
