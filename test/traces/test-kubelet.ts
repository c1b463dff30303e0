import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt } from "../../src/util/json.ts";
import { AdminRequestError, type AdminClient } from "../testbed/admin-client.ts";

const LOOK_MS = 100;
/** Between two steps of a Pod's life; more than a second, for that is what Kubernetes' times can tell apart. */
const STEP_MS = 1_200;

/** A Pod with this label waits until it has none. */
export const HELD = "held";

/** Does for the Pods of a namespace what a kubelet does to their status: they run, are ready, and those of Jobs succeed. */
export function startTestKubelet(admin: AdminClient, namespace: string): AsyncDisposable {
  const stop = new AbortController();
  const steps = new Map<string, { step: number; atMs: number }>();
  const work = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const pods = await admin.list({ apiVersion: "v1", kind: "Pod", namespace });
      for (const pod of pods) {
        const known = steps.get(pod.metadata.uid) ?? { step: 0, atMs: performance.now() };
        steps.set(pod.metadata.uid, known);
        const status = lifeOf(pod)[known.step];
        if (status === undefined || performance.now() < known.atMs + STEP_MS) continue;
        await write(admin, pod, status);
        known.step += 1;
        known.atMs = performance.now();
      }
      await sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await work;
    },
  };
}

/** A Pod that was deleted meanwhile needs no kubelet any more. */
async function write(admin: AdminClient, pod: KubeObject, status: unknown): Promise<void> {
  try {
    await admin.patchStatus(pod, status, { fieldManager: "kubelet" });
  } catch (error) {
    if (!(error instanceof AdminRequestError) || error.status !== 404) throw error;
  }
}

function lifeOf(pod: KubeObject): readonly unknown[] {
  if (fieldAt(pod.metadata, "labels", HELD) !== undefined) return [];
  const scheduled = {
    phase: "Pending",
    conditions: conditions({ PodScheduled: "True", Ready: "False" }),
  };
  const running = {
    phase: "Running",
    conditions: conditions({
      PodScheduled: "True",
      Initialized: "True",
      ContainersReady: "True",
      Ready: "True",
    }),
  };
  const succeeded = { phase: "Succeeded" };
  const isJobs = fieldAt(pod, "spec", "restartPolicy") === "Never";
  return isJobs ? [scheduled, running, succeeded] : [scheduled, running];
}

function conditions(statuses: Readonly<Record<string, string>>): readonly unknown[] {
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return Object.entries(statuses).map(([type, status]) => ({ type, status, lastTransitionTime }));
}
