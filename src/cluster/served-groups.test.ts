import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startSimulatedApiServer } from "../testing/simulated-api-server/start-simulated-api-server.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import { ServedGroups } from "./served-groups.ts";

async function createRig() {
  const server = await startSimulatedApiServer({ clock: createFakeClock() });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const client = createHttpApiClient({
    credentials: {
      origin: server.url,
      pathPrefix: "",
      source: "a test",
      authorize: async () => authorized,
      refresh: async () => authorized,
    },
    clock: createFakeClock(),
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  for (const group of ["a.com", "b.com"]) server.cluster.applyCrd(crd(group, "things"));
  const served = new ServedGroups(client);
  const ask = async (): Promise<{ names: readonly string[]; failures: readonly string[] }> => {
    const { groups, failures } = await served.ask(new AbortController().signal);
    const custom = groups.filter(({ group }) => group.endsWith(".com"));
    return {
      names: custom.flatMap(({ group, versions }) =>
        versions.flatMap(({ resources }) =>
          resources.map(({ resource }) => `${resource}.${group}`),
        ),
      ),
      failures: failures.map(({ scope, groupVersion }) => `${scope} ${groupVersion}`.trimEnd()),
    };
  };
  return { server, ask };
}

function crd(group: string, plural: string): unknown {
  const versions = [{ name: "v1", served: true, storage: true }];
  return { spec: { group, names: { plural, kind: plural }, scope: "Cluster", versions } };
}

const BOTH = ["things.a.com", "things.b.com"];

test("G01 aggregated v2 with ETag 304: what has not changed is not sent again, what has is", async () => {
  const { server, ask } = await createRig();

  const first = await ask();
  const again = await ask();
  server.cluster.applyCrd(crd("c.com", "things"));
  const later = await ask();

  expect([first, again]).toEqual([
    { names: BOTH, failures: [] },
    { names: BOTH, failures: [] },
  ]);
  expect(later.names).toEqual([...BOTH, "things.c.com"]);
  const tags = server
    .requests()
    .filter(({ path }) => path === "/apis")
    .map(({ headers }) => headers["if-none-match"]);
  expect(tags).toEqual([undefined, expect.any(String), tags[1]]);
});

test("G02 legacy fallback: a server without aggregated discovery is asked group by group, each time", async () => {
  const { server, ask } = await createRig();
  server.settings.isDiscoveryAggregated = false;

  const first = await ask();
  server.cluster.removeKind("things.b.com");
  const later = await ask();

  expect([first.names, later.names]).toEqual([BOTH, ["things.a.com"]]);
});

test("G03 Stale group keeps entries, also those that it names no more", async () => {
  const { server, ask } = await createRig();
  await ask();
  server.settings.staleGroups.add("a.com");
  const body = JSON.stringify({
    kind: "APIGroupDiscoveryList",
    items: [{ metadata: { name: "a.com" }, versions: [{ version: "v1", freshness: "Stale" }] }],
  });
  const fault = { type: "answer", code: 200, body, contentType: "application/json" } as const;
  server.faults.add(fault, { path: "/apis" }, 1);

  const stale = await ask();
  server.settings.staleGroups.clear();
  const healed = await ask();

  expect(stale).toEqual({ names: ["things.a.com"], failures: ["group a.com/v1"] });
  expect(healed).toEqual({ names: BOTH, failures: [] });
});

test("G09 one broken APIService does not block others, and keeps its own entries, by legacy discovery", async () => {
  const { server, ask } = await createRig();
  server.settings.isDiscoveryAggregated = false;
  await ask();
  server.faults.add({ type: "answer", code: 503 }, { path: "/apis/a.com/v1" });

  const broken = await ask();

  expect(broken).toEqual({ names: BOTH, failures: ["group a.com/v1"] });
});

test("a root that fails keeps what it said last", async () => {
  const { server, ask } = await createRig();
  await ask();
  server.faults.add({ type: "answer", code: 503 }, { path: "/apis" });

  const failed = await ask();

  expect(failed).toEqual({ names: BOTH, failures: ["root"] });
});

test("a 304 that nobody asked for is a failure, not an empty answer", async () => {
  const { server, ask } = await createRig();
  server.faults.add({ type: "answer", code: 304 }, { path: "/apis" });

  const { failures } = await ask();

  expect(failures).toEqual(["root"]);
});
