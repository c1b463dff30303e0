import { once } from "node:events";
import { createServer } from "node:http";
import type { TestProject } from "vitest/node";
import { toError } from "../../src/util/to-error.ts";
import { announceSkipping } from "./announce-skipping.ts";
import { launchControlPlane, type ControlPlane } from "./control-plane.ts";
import {
  obtainServerBinaries,
  type Found,
  type ServerBinaries,
  type StoreBinaries,
  type Testbed,
} from "./server-binaries.ts";

declare module "vitest" {
  // Merged into vitest's own interface: a type cannot be.
  interface ProvidedContext {
    readonly testbed: Testbed;
    /** The path of kube-apiserver of the oldest supported version; provided to the project `versions` alone. */
    readonly oldestApiServer: Found<string>;
    /** Provided to the project `stores` alone. */
    readonly stores: Found<StoreBinaries>;
    /** Answers with the address of the control plane that suites share; the first request starts it. */
    readonly sharedControlPlaneUrl: string;
  }
}

/** Vitest calls this once before the first suite: finds or builds the servers, and stands ready to start the shared ones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const testbed = await obtainServerBinaries(process.env);
  if (testbed.type === "missing") announceSkipping("the suites on real servers", testbed.reason);
  const shared = testbed.type === "ready" ? await offerControlPlane(testbed.binaries) : undefined;
  project.provide("testbed", testbed);
  project.provide("sharedControlPlaneUrl", shared?.url ?? "");
  return async () => await shared?.[Symbol.asyncDispose]();
}

/** Workers are other processes, so they ask over HTTP; a run that asks nothing starts nothing. */
async function offerControlPlane(
  binaries: ServerBinaries,
): Promise<AsyncDisposable & { readonly url: string }> {
  let starting: Promise<ControlPlane> | undefined;
  const server = createServer((_request, response) => {
    starting ??= launchControlPlane(binaries);
    starting.then(
      (controlPlane) => response.end(JSON.stringify(controlPlane.address)),
      (error: unknown) => response.writeHead(500).end(toError(error).message),
    );
  });
  const listening = once(server, "listening");
  server.listen(0, "127.0.0.1");
  await listening;
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("Cannot offer the shared control plane: no TCP port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      const controlPlane = await starting?.catch(() => undefined);
      await controlPlane?.[Symbol.asyncDispose]();
    },
  };
}
