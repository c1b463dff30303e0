import { afterAll, beforeAll, expect } from "vitest";
import { Canaries } from "./secrets/canaries.ts";
import { NAMESPACE, VAULTS } from "./secrets/specimens.ts";
import { tellStory, type Story } from "./secrets/tell-story.ts";
import { textAttribute } from "./support/text-attribute.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const PLACEHOLDER = /\[redacted:[\w-]{4}\]/;

let story: Story;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  const cluster = servers.use(await connectSharedCluster());
  const collector = servers.use(await startCollector());
  const { path: stateRoot } = servers.use(await createTemporaryDirectory("state"));
  await cluster.admin.createNamespace(NAMESPACE);
  await cluster.admin.apply(VAULTS);
  const watching = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: "vaults.secrets.example.com,configmaps,secrets,deployments.apps",
    LIFELINE_NAMESPACES: NAMESPACE,
  });
  story = await tellStory({ admin: cluster.admin, collector, watching, stateRoot });
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "no secret is in the collector's file, the state files or the output, in no encoding",
  () => {
    const leaks = story.traces.map(({ where, bytes }) => ({
      where,
      found: story.canaries.findIn(bytes),
    }));

    expect(leaks.filter(({ found }) => found.length > 0)).toEqual([]);
    expect(story.canaries.all.length).toBeGreaterThan(300);
  },
);

serverTest("what is no secret arrives beside the secrets and lies in the state files", () => {
  const traces = story.traces.filter(({ where }) => /collector's file|after changes/.test(where));

  const missing = story.objects.flatMap(({ name, harmless }) =>
    traces.filter(({ bytes }) => !bytes.includes(harmless)).map(({ where }) => `${name}: ${where}`),
  );

  expect(traces).toHaveLength(2);
  expect(missing).toEqual([]);
});

/** What shows that there was something to search: SQLite's WAL begins with 37 7f 06 82 or 83. */
const LANDMARKS: readonly (readonly [where: string, landmark: string | Buffer])[] = [
  ["state files after the first look", Buffer.from("377f06", "hex")],
  ["state files after changes", Buffer.from("377f06", "hex")],
  ["state files after the end", "redaction_key"],
  ["values of the state file", "redaction_key"],
  ["stdout and stderr", '"level":"debug"'],
  ["stdout and stderr with the console exporter", "[redacted:"],
];

serverTest.for(LANDMARKS)("%s are searched as they were meant to be", ([where, landmark]) => {
  const trace = story.traces.find((one) => one.where === where);

  expect(trace?.bytes.includes(landmark)).toBe(true);
});

serverTest("each secret that changed shows as one placeholder after another in the diff", () => {
  const expected = story.canaries.all
    .filter(({ inDiff }) => inDiff)
    .map(({ object, place }) => `${object}: ${place}`);

  const shown = new Set(
    story.objects.flatMap(({ name, uid }) =>
      differencesOf(uid)
        .filter(({ before, after }) => isReplaced(before, after))
        .map(({ path }) => `${name}: ${path}`),
    ),
  );

  expect(expected.filter((place) => !shown.has(place))).toEqual([]);
});

serverTest("a condition's message keeps its words around the secret", () => {
  const messages = story.logs.flatMap((log) => log.attributes["lifeline.condition.message"] ?? []);

  expect(messages.length).toBeGreaterThan(0);
  for (const message of messages)
    expect(message).toMatch(
      /^Asked postgres:\/\/\[redacted:[\w-]{4}\]@db\.example\.com:5432\/app$/,
    );
});

serverTest("the search finds a secret, and half of one, in every encoding", () => {
  const canaries = new Canaries();
  const secret = canaries.make({ object: "object", place: "place", inDiff: false });
  const half = secret.slice(16);
  const twice = Buffer.from(Buffer.from(`ab${half}cd`).toString("base64")).toString("base64");
  const hidden = [
    secret,
    half,
    ...["", "a", "ab"].map((before) => Buffer.from(`${before}${half}!`).toString("base64url")),
    twice,
    Buffer.from(half).toString("hex"),
    [...Buffer.from(half)].map((byte) => `%${byte.toString(16)}`).join(""),
  ];

  const found = hidden.map((text) => canaries.findIn(Buffer.from(`before ${text} after`)));

  expect(found).toEqual(hidden.map(() => ["object: place"]));
  expect(canaries.findIn(Buffer.from(secret.slice(0, 15).slice(5)))).toEqual([]);
});

type ShownDifference = {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
};

function differencesOf(uid: string): readonly ShownDifference[] {
  return story.logs
    .filter(({ attributes }) => attributes["k8s.object.uid"] === uid)
    .map((log) => textAttribute(log, "lifeline.change.diff"))
    .filter((diff) => diff !== "")
    .flatMap((diff) => {
      // docs/contract.md §4 says that this is its form.
      const shown: readonly ShownDifference[] = JSON.parse(diff);
      return shown;
    });
}

function isReplaced(before: unknown, after: unknown): boolean {
  const [old, young] = [JSON.stringify(before) ?? "", JSON.stringify(after) ?? ""];
  return PLACEHOLDER.test(old) && PLACEHOLDER.test(young) && old !== young;
}
