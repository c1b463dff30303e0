import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inspectStateFile } from "../../src/store/inspect-database.ts";
import { FILE_NAME } from "../../src/store/open-database.ts";
import { FORMAT } from "../../src/store/schema.ts";
import { database } from "../../src/testing/kube-change.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";
import { beginLife, CLUSTER, layoutOf } from "./life.ts";

/** One of each format that was ever released, the present one included. */
const FORMATS = Array.from({ length: FORMAT }, (_, index) => index + 1);

function fileOf(format: number): string {
  return fileURLToPath(new URL(`format-${format}.db`, import.meta.url));
}

test("there is a state file of each format, and of no other", () => {
  const files = readdirSync(fileURLToPath(new URL(".", import.meta.url)));

  expect(files.filter((name) => name.endsWith(".db")).toSorted()).toEqual(
    FORMATS.map((format) => `format-${format}.db`).toSorted(),
  );
});

test.each(FORMATS)(
  "a state file of format %i is trusted, and the next run goes on where it ended",
  async (format) => {
    await using directory = await createTemporaryDirectory("format");
    copyFileSync(fileOf(format), join(directory.path, FILE_NAME));
    const before = inspectStateFile(directory.path);
    const life = beginLife(directory.path, true);
    await life.clock.advance(1000);
    const { requests } = life.api;
    const metadata = { name: "users", uid: "uid-users", resourceVersion: "13" };
    life.api.say("DELETED", database({ metadata, status: { phase: "Ready" } }));
    await life.clock.advance(1000);
    const names = life.store.seriesRowsAfter(0, 10).map(({ name }) => name);
    const counts = life.store.counters().map(({ attributes, value }) => [attributes, value]);
    await life.end();

    expect(before).toMatchObject({
      type: "inspected",
      facts: { format, damages: [], clusterUid: CLUSTER.uid, objects: 2 },
    });
    expect(life.setAside).toBe(undefined);
    expect(requests).toEqual(["watch 12"]);
    expect(names).toEqual(["orders"]);
    // What waited goes out first, as it was written by that program.
    expect(life.sent.join("").trim().split("\n")).toEqual([
      "observed orders",
      "observed users",
      "synced",
      "phase_changed orders",
      "health_changed orders",
      "deleted users",
    ]);
    expect(counts.length).toBeGreaterThan(1);
  },
);

test("the file of the present format has the layout that a new one gets", async () => {
  await using directory = await createTemporaryDirectory("format");
  const life = beginLife(directory.path, false);
  await life.end();
  // SQLite leaves files beside each that it opens.
  const copy = join(directory.path, "copy.db");
  copyFileSync(fileOf(FORMAT), copy);

  const [present, fresh] = [layoutOf(copy), layoutOf(join(directory.path, FILE_NAME))];

  // Before a release `node test/state-files/write.ts` writes it anew; after one, another layout is another format.
  expect(present).toEqual(fresh);
});
