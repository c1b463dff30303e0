import type { ExampleName } from "./stage.ts";

/** The traces of each object of an example, life by life, in the order in which they ended; without the times. */
export const TRACES: Readonly<Record<ExampleName, readonly (readonly string[])[]>> = {
  "custom-database": [
    [
      `CustomDatabase converge current Ready (2 events)
  observe
  condition Ready Provisioning (1 events)
  phase Pending
  phase Provisioning`,
      // Scaled: its only condition with a good state never left it, the observedGeneration says when that was done.
      `CustomDatabase converge current (2 events)
  observe`,
      // It lost a replica, then its storage, and was deleted before it was well again.
      `CustomDatabase disruption deleted Ready, Degraded
  phase Ready
  phase Degraded
  condition Degraded ReplicaLost
  condition Ready StorageFailed (1 events)
  phase Failed`,
    ],
  ],
  application: [
    [
      `Application converge current Available
  condition Available DeploymentProgressing (1 events)
  child Deployment`,
      `Application disruption current Available
  condition Available ReplicasLost`,
      `Application delete deleted
  finalizer example.com/cleanup`,
    ],
    [
      `Deployment converge current Available (1 events)
  observe
  condition Available`,
    ],
  ],
  "my-resource": [
    [
      `MyResource converge current Ready
  condition Ready`,
      `MyResource converge deleted Ready
  condition Ready Resizing`,
    ],
  ],
  // Of policies and gateways without a status there is nothing to tell.
  "api-gateway": [
    [],
    [],
    [],
    [
      `APIRoute converge current Accepted
  observe
  condition Accepted
  condition Ready`,
    ],
    [],
  ],
  backup: [
    [
      `Backup converge current
  phase Pending
  phase Running`,
    ],
    [
      `Backup converge failed
  phase Pending`,
    ],
    [],
  ],
};
