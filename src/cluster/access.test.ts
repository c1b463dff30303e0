import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startSimulatedApiServer } from "../testing/simulated-api-server/start-simulated-api-server.ts";
import { reviewAccess, type Access } from "./access.ts";
import { identifyCluster, type ClusterIdentity } from "./cluster-identity.ts";
import type { Credentials } from "./credentials.ts";
import { createStartingCheck } from "./find-server-starting.ts";
import { createHttpApiClient } from "./http-api-client.ts";

async function createRig(ca = "CA") {
  const server = await startSimulatedApiServer({ clock: createFakeClock() });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const authorized = { type: "authorized", headers: {}, tls: { ca } } as const;
  const credentials: Credentials = {
    origin: server.url,
    pathPrefix: "",
    source: "a test",
    authorize: async () => authorized,
    refresh: async () => authorized,
  };
  const client = createHttpApiClient({
    credentials,
    clock: createFakeClock(),
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  const { signal } = new AbortController();
  const clock = createFakeClock();
  const findStarting = createStartingCheck(client, clock);
  return {
    server,
    review: (): Promise<Access> =>
      reviewAccess(client, { group: "", resource: "pods", namespace: "prod" }, signal),
    clock,
    findStarting: (): Promise<Error | undefined> => findStarting(signal),
    identify: (as: Partial<Credentials> = {}): Promise<ClusterIdentity> =>
      identifyCluster(client, { ...credentials, ...as }, signal),
  };
}

test.each([
  { verbs: ["list", "watch"], expected: { type: "allowed" } },
  { verbs: ["list"], expected: { type: "forbidden", missing: ["watch"] } },
  { verbs: [], expected: { type: "forbidden", missing: ["list", "watch"] } },
])("reviewAccess() with $verbs is $expected.type", async ({ verbs, expected }) => {
  const { server, review } = await createRig();
  server.settings.isAllowed = ({ verb, resource, namespace }) =>
    resource === "pods" && namespace === "prod" && verbs.includes(verb);

  const access = await review();

  expect(access).toEqual(expected);
});

test("reviewAccess() is unknown when the question itself fails", async () => {
  const { server, review } = await createRig();
  server.faults.add({ type: "answer", code: 500 });

  const access = await review();

  expect(access).toMatchObject({
    type: "unknown",
    error: { message: expect.stringContaining("500") },
  });
});

test.each([
  { allowed: false, evaluationError: "role not found", expected: "unknown" },
  { allowed: true, evaluationError: "role not found", expected: "allowed" },
  { allowed: false, evaluationError: "", expected: "forbidden" },
])("reviewAccess() on $allowed with error '$evaluationError' is $expected", async (row) => {
  const { server, review } = await createRig();
  const { expected, ...status } = row;
  const body = JSON.stringify({ kind: "SelfSubjectAccessReview", status });
  server.faults.add({ type: "answer", code: 201, body, contentType: "application/json" });

  const access = await review();

  expect(access.type).toBe(expected);
});

test("identifyCluster() gives the UID of kube-system and a hash of address and CA", async () => {
  const { server, identify } = await createRig();

  const identities = [await identify(), await identify({ pathPrefix: "/k8s/clusters/c-1" })];

  const uid = server.cluster.get({ resource: "namespaces", name: "kube-system" })?.metadata.uid;
  expect(identities).toEqual([
    { type: "known", uid, addressHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    { type: "known", uid, addressHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
  expect(identities[0]).not.toEqual(identities[1]);
});

test.each([
  [500, expect.objectContaining({ message: expect.stringContaining("answered 500") })],
  [503, expect.objectContaining({ message: expect.stringContaining("answered 503") })],
  [401, undefined],
  [403, undefined],
  [404, undefined],
  [200, undefined],
])("findServerStarting() after a %i", async (code, expected) => {
  const { server, findStarting } = await createRig();
  const fault = { type: "answer", code, body: "ok", contentType: "text/plain" } as const;
  server.faults.add(fault, { path: "/readyz" });

  const starting = await findStarting();

  expect(starting).toEqual(expected);
});

test("findServerStarting() waits for a server that refuses all because it knows no roles yet", async () => {
  const { server, findStarting } = await createRig();
  server.faults.add({ type: "answer", code: 403 });

  const starting = await findStarting();

  expect(starting?.message).toContain("answered 403");
});

test("findServerStarting() waits for a server that learns its roles between two questions", async () => {
  const { server, findStarting } = await createRig();
  server.faults.add({ type: "answer", code: 403 }, { path: "/readyz" }, 1);
  server.faults.add({ type: "answer", code: 500 }, { path: "/readyz" });

  const starting = await findStarting();

  expect(starting?.message).toContain("answered 500");
});

test("findServerStarting() waits 60 s for a server that never gets ready, counted from its first word", async () => {
  const { server, clock, findStarting } = await createRig();
  await findStarting();
  await clock.advance(100_000);
  server.faults.add({ type: "answer", code: 500, body: "no", contentType: "text/plain" });

  const answers = [await findStarting()];
  await clock.advance(59_999);
  answers.push(await findStarting());
  await clock.advance(1);
  answers.push(await findStarting());

  expect(answers).toEqual([expect.any(Error), expect.any(Error), undefined]);
});

test.each([403, 404])("identifyCluster() knows the address alone after a %i", async (code) => {
  const { server, identify } = await createRig();
  server.faults.add({ type: "answer", code });

  const identity = await identify();

  expect(identity).toEqual({ type: "known", addressHash: expect.any(String) });
});

test.each([401, 500, 503])(
  "identifyCluster() fails after a %i, so that nobody takes it for another cluster",
  async (code) => {
    const { server, identify } = await createRig();
    server.faults.add({ type: "answer", code });

    const identity = await identify();

    expect(identity.type).toBe("failed");
  },
);
