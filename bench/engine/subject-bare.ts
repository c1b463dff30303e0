import { get } from "node:http";
import { fieldAt } from "../../src/util/json.ts";
import { COLLECTION } from "../replay-answers.ts";
import { Meter } from "./meter.ts";

/** The least that a Node program can do with a watch: reads it, splits it into lines, parses each. */
const meter = new Meter(process.argv.slice(2));
get(`${meter.url}${COLLECTION}?watch=true`, (response) => {
  let rest = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const metadata = fieldAt(JSON.parse(line), "object", "metadata");
      meter.event(String(fieldAt(metadata, "name")), String(fieldAt(metadata, "resourceVersion")));
    }
  });
});
