import { once } from "node:events";
import { createServer } from "node:http";
import type { TestProject } from "vitest/node";
import { toError } from "../../src/util/to-error.ts";
import { announceSkipping } from "./announce-skipping.ts";
import { buildProgram } from "./build-program.ts";
import { launchControlPlane } from "./control-plane.ts";
import {
  obtainServerBinaries,
  type Found,
  type ServerBinaries,
  type StoreBinaries,
  type Testbed,
} from "./server-binaries.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

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
    /** Answers with the path of the program that suites start; the first request builds it. */
    readonly sharedProgramUrl: string;
  }
}

/** Vitest calls this once before the first suite: finds or builds the servers, and stands ready to start the shared ones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const testbed = await obtainServerBinaries(process.env);
  if (testbed.type === "missing") announceSkipping("the suites on real servers", testbed.reason);
  const offers = new AsyncDisposableStack();
  const offered = async (make: Make): Promise<string> => offers.use(await offer(make)).url;
  project.provide("testbed", testbed);
  project.provide(
    "sharedControlPlaneUrl",
    testbed.type === "ready" ? await offered(makeControlPlane(testbed.binaries)) : "",
  );
  project.provide("sharedProgramUrl", await offered(makeProgram));
  return () => offers.disposeAsync();
}

/** Makes what is shared, to be disposed by the stack, and returns what there is to tell of it, as JSON. */
type Make = (stack: AsyncDisposableStack) => Promise<object>;

function makeControlPlane(binaries: ServerBinaries): Make {
  return async (stack) => stack.use(await launchControlPlane(binaries)).address;
}

async function makeProgram(stack: AsyncDisposableStack): Promise<object> {
  const { path } = stack.use(await createTemporaryDirectory("shared-program"));
  return { path: await buildProgram(path) };
}

/** Workers are other processes, so they ask over HTTP; a run that asks nothing makes nothing. */
async function offer(make: Make): Promise<AsyncDisposable & { readonly url: string }> {
  const made = new AsyncDisposableStack();
  let making: Promise<object> | undefined;
  const server = createServer((_request, response) => {
    making ??= make(made);
    making.then(
      (told) => response.end(JSON.stringify(told)),
      (error: unknown) => response.writeHead(500).end(toError(error).message),
    );
  });
  const listening = once(server, "listening");
  server.listen(0, "127.0.0.1");
  await listening;
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("Cannot offer what suites share: no TCP port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      await making?.catch(() => undefined);
      await made.disposeAsync();
    },
  };
}
