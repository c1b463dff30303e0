import { createHttpApiClient } from "../../src/cluster/http-api-client.ts";
import type { Authorization } from "../../src/cluster/credentials.ts";
import { watchResource } from "../../src/cluster/reflector.ts";
import { systemClock } from "../../src/util/clock.ts";
import { BENCH_KIND } from "../bench-object.ts";
import { Meter } from "./meter.ts";

/** Our own engine, from the socket to WatchEvents. */
const meter = new Meter(process.argv.slice(2));
const authorized: Authorization = { type: "authorized", headers: {}, tls: {} };
const report = (): void => undefined;
const client = createHttpApiClient({
  credentials: {
    origin: meter.url,
    pathPrefix: "",
    source: "the bench",
    authorize: async () => authorized,
    refresh: async () => authorized,
  },
  clock: systemClock,
  report,
});
const watching = watchResource({
  client,
  facts: {
    ...BENCH_KIND,
    scope: "Namespaced",
    hasStatusSubresource: true,
    hints: { phases: [], printerColumns: [] },
  },
  key: BENCH_KIND,
  clock: systemClock,
  random: () => 0,
  report,
  signal: new AbortController().signal,
});
for await (const events of watching) {
  for (const event of events) {
    if (event.type === "failed") throw event.error;
    if (event.type === "resync-end") meter.synced();
    else if (event.type === "resync-object")
      meter.object(event.object.metadata.name, event.object.metadata.resourceVersion);
    else if (event.type === "applied" || event.type === "deleted")
      meter.event(event.object.metadata.name, event.object.metadata.resourceVersion);
  }
}
