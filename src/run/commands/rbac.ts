import type { Credentials } from "../../cluster/credentials.ts";
import { VERSION } from "../../util/version.ts";
import type { Configuration } from "../configuration.ts";
import { formatProblems } from "../configuration-problem.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { readSetup } from "../read-setup.ts";
import type { CommandOptions } from "./command-table.ts";
import {
  type ClusterView,
  lookAtCluster,
  type MissingKind,
  openClient,
} from "./look-at-cluster.ts";
import { renderRoles } from "./render-roles.ts";
import { planRoles } from "./roles.ts";
import type { Surroundings } from "./surroundings.ts";

/** `lifeline rbac`: the smallest roles as YAML on stdout; what keeps them from being whole on stderr. */
export async function runRbac(
  options: CommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { env, home, clock, stdout, stderr } = surroundings;
  const setup = readSetup(env, { home, bareTerminal: stdout.isTerminal });
  if (setup.type === "invalid") {
    stderr.write(formatProblems(setup.problems));
    return EXIT_CODE.wrongConfiguration;
  }
  if (setup.type === "failed") return cannotSay(setup.error, surroundings);
  const { configuration, credentials } = setup;
  await using client = openClient(credentials, clock);
  const view = await lookAtCluster(client, credentials, { configuration, clock });
  if (view.type === "failed") return cannotSay(view.error, surroundings);
  const kinds = view.selection.selected.map(({ facts }) => facts);
  const [namespace = "", account = ""] = (options.get("--service-account") ?? "").split("/");
  stdout.write(
    renderRoles(planRoles(kinds, configuration.namespaces), {
      name: options.get("--name") ?? "",
      serviceAccount: { namespace, name: account },
      introduction: introduce(configuration, credentials, kinds.length),
    }),
  );
  for (const missing of view.missing) stderr.write(`${describeMissing(missing)}\n`);
  for (const { error, concerns } of view.failures)
    if (concerns) stderr.write(`The roles may not be whole: ${error.message}\n`);
  return isWhole(view) ? EXIT_CODE.well : EXIT_CODE.failed;
}

function isWhole({ missing, failures }: Extract<ClusterView, { readonly type: "seen" }>): boolean {
  return failures.every(({ concerns }) => !concerns) && missing.every(({ isNamed }) => !isNamed);
}

function cannotSay({ message }: Error, { stderr }: Surroundings): number {
  stderr.write(`Cannot say which roles are needed: ${message}\n`);
  return EXIT_CODE.failed;
}

function describeMissing({ text, isNamed, nearest }: MissingKind): string {
  const what = `"${text}" of LIFELINE_RESOURCES matches nothing that the cluster serves to be listed and watched`;
  if (!isNamed) return what;
  const typo = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
  return `${what}${typo}, so no role has it: install what serves it and run this again`;
}

function introduce(
  { resources, namespaces, labelSelector }: Configuration,
  { origin, pathPrefix }: Credentials,
  kinds: number,
): readonly string[] {
  const scope =
    namespaces.type === "names"
      ? namespaces.names.join(",")
      : namespaces.type === "filter"
        ? namespaces.patterns
        : undefined;
  return [
    `The smallest rights for kube-lifeline ${VERSION} on ${origin}${pathPrefix}, by \`lifeline rbac\` for`,
    `  LIFELINE_RESOURCES=${resources.map(({ text }) => text).join(",")}`,
    ...(scope === undefined ? [] : [`  LIFELINE_NAMESPACES=${scope}`]),
    "Nothing here can write. Kinds that are installed later need another run.",
    ...(kinds === 0 ? ["The cluster serves nothing now that LIFELINE_RESOURCES selects."] : []),
    ...(namespaces.type === "filter"
      ? [
          "RBAC knows no patterns of namespaces, so these rights are for all; plain names in LIFELINE_NAMESPACES give a Role each.",
        ]
      : []),
    ...(labelSelector === undefined
      ? []
      : [
          "RBAC knows no labels: LIFELINE_LABEL_SELECTOR narrows what is asked for, not what may be read.",
        ]),
  ];
}
