import { get } from "node:http";

/**
 * The least that a Node program can do with a watch stream: reads it, splits it into lines, parses each.
 *
 * `node bare-reader.ts URL EVENTS` prints the CPU-seconds (all threads) that this took for so many lines, and ends.
 */
const [url = "", events = "0"] = process.argv.slice(2);
const before = process.cpuUsage();
let left = Number(events);
get(url, (response) => {
  let rest = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) JSON.parse(line);
    left -= lines.length;
    if (left > 0) return;
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${(user + system) / 1e6}\n`);
    process.exit();
  });
});
