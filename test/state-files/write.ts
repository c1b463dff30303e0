import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { FILE_NAME } from "../../src/store/open-database.ts";
import { FORMAT } from "../../src/store/schema.ts";
import { database } from "../../src/testing/kube-change.ts";
import { beginLife } from "./life.ts";

/**
 * Writes `format-N.db`, the state file of a program of the present format that was stopped while its collector was away:
 * two databases, one of them changed, at position 12, with the records of both in the outbox.
 *
 * Run it with `node test/state-files/write.ts` when the layout grows within a format that is not released yet; the file
 * of a released format stays as it is, for it is what users have.
 */
async function write(target: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-format-"));
  try {
    const objects = [named("orders", 3, "Pending"), named("users", 4, "Ready")];
    const life = beginLife(directory, false, objects);
    await life.clock.advance(1000);
    life.api.say("MODIFIED", named("orders", 11, "Ready"));
    await life.clock.advance(1000);
    life.api.bookmark("12");
    await life.clock.advance(1000);
    await life.end();
    copyFileSync(join(directory, FILE_NAME), target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function named(name: string, version: number, phase: string): KubeObject {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(version) };
  return database({ metadata, status: { phase } });
}

await write(fileURLToPath(new URL(`format-${FORMAT}.db`, import.meta.url)));
