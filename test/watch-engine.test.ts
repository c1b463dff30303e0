import { afterAll, beforeAll } from "vitest";
import {
  checkConsistency,
  checkSync,
  checkTries,
  prepareWatchEngine,
} from "./support/watch-engine-suite.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { connectSharedCluster, serverTest } from "./testbed/real-servers.ts";

let cluster: Cluster;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  await prepareWatchEngine(cluster);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "A01 watchlist-sync: a real API server streams what exists, the same as its paged list shows",
  async () => {
    await checkSync(cluster, "stream");
  },
);

serverTest(
  "I03 consistency-detector: what a watch of a real API server has made of many writes is what it lists",
  async () => {
    await checkConsistency(cluster);
  },
);

serverTest(
  "what managedFields of a real API server hold is left as text, of built-in kinds and custom resources",
  async () => {
    await checkTries(cluster);
  },
);
