import { expect } from "vitest";
import {
  CPU_SECONDS_PER_MILLION_RECKONED,
  IDLE_RSS_MB_BELOW,
  LARGE_PEAK_MB_MAX,
} from "../../bench/bars.ts";
import { fieldAt, type JsonMap } from "../../src/util/json.ts";
import { serverBinaries, serverTest } from "../testbed/real-servers.ts";
import { GOLDEN_TREE, kustomize, parseObjects } from "./kustomize.ts";

type Resources = {
  /** CPU-seconds a second. */
  readonly cpu: number;
  /** Megabytes (10⁶ bytes), as the bench counts them. */
  readonly requestMb: number;
  readonly limitMb: number;
};

serverTest("the Deployment's memory is what the bench lets 100,000 objects take", async () => {
  const { requestMb, limitMb } = await resourcesIn("base.yaml", "containers");

  expect(requestMb).toBeGreaterThanOrEqual(LARGE_PEAK_MB_MAX);
  expect(requestMb).toBeLessThan(LARGE_PEAK_MB_MAX * 1.5);
  expect(limitMb).toBe(requestMb * 2);
});

serverTest(
  "the sidecar's memory is what the bench lets few objects take, up to 100,000 of them",
  async () => {
    const { requestMb, limitMb } = await resourcesIn("sidecar.yaml", "initContainers");

    expect(requestMb).toBeGreaterThanOrEqual(IDLE_RSS_MB_BELOW);
    expect(requestMb).toBeLessThan(IDLE_RSS_MB_BELOW * 1.5);
    expect(limitMb).toBeGreaterThanOrEqual(LARGE_PEAK_MB_MAX * 1.5);
  },
);

serverTest.for([
  { file: "base.yaml", list: "containers", changesPerSecond: 550 },
  { file: "sidecar.yaml", list: "initContainers", changesPerSecond: 110 },
])(
  "the CPU in $file is enough for $changesPerSecond changes a second",
  async ({ file, list, changesPerSecond }) => {
    const { cpu } = await resourcesIn(file, list);

    expect(cpu / (CPU_SECONDS_PER_MILLION_RECKONED / 1e6)).toBeGreaterThanOrEqual(changesPerSecond);
  },
);

/** Of kube-lifeline's container in one of the golden trees. */
async function resourcesIn(file: string, list: string): Promise<Resources> {
  const directory = GOLDEN_TREE.find((tree) => tree.file === file)?.directory ?? "";
  const objects = parseObjects(await kustomize(serverBinaries().kubectl, directory));
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  const containers = fieldAt(deployment, "spec", "template", "spec", list);
  const own = Array.isArray(containers)
    ? containers.find((one: JsonMap) => one["name"] === "kube-lifeline")
    : undefined;
  return {
    cpu: quantityAt(own, "requests", "cpu"),
    requestMb: quantityAt(own, "requests", "memory") / 1e6,
    limitMb: quantityAt(own, "limits", "memory") / 1e6,
  };
}

function quantityAt(container: unknown, ...path: readonly string[]): number {
  const text = String(fieldAt(container, "resources", ...path));
  const { number, unit } = /^(?<number>\d+)(?<unit>m|Mi)$/.exec(text)?.groups ?? {};
  if (number === undefined) throw new Error(`Cannot read the quantity ${path.join(".")}: ${text}`);
  return Number(number) * (unit === "m" ? 1e-3 : 2 ** 20);
}
