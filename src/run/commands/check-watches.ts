import { type Access, reviewAccess } from "../../cluster/access.ts";
import { type PlannedWatch, planWatches } from "../../cluster/plan-watches.ts";
import { formatShard } from "../../cluster/shard.ts";
import { formatResource } from "../../cluster/watch-event.ts";
import type { Configuration } from "../configuration.ts";
import { RBAC_ADVICE } from "./check-cluster.ts";
import type { Finding, Section } from "./finding.ts";
import type { ClusterView, MissingKind } from "./look-at-cluster.ts";

type Seen = Extract<ClusterView, { readonly type: "seen" }>;

type Reviewed = { readonly watch: PlannedWatch; readonly access: Access };

/** What is watched of what the cluster serves, whether it may be, and what is left out. */
export async function checkWatches(
  { client, selection, missing }: Seen,
  { namespaces, labelSelector, shard }: Configuration,
): Promise<readonly Section[]> {
  const { signal } = new AbortController();
  const planned = planWatches(selection.selected, namespaces, { labelSelector, shard });
  const reviewed = await Promise.all(
    planned.map(async (watch) => ({
      watch,
      access: await reviewAccess(client, watch.key, signal),
    })),
  );
  const byKind = Map.groupBy(reviewed, ({ watch }) => formatResource(watch.key));
  const kinds = [...byKind].map(([name, watches]) => describeKind(name, watches));
  const nothing: Finding = {
    level: "note",
    columns: ["nothing"],
    advice: "LIFELINE_RESOURCES selects no kind that this cluster serves now",
  };
  const watched = [...(kinds.length === 0 ? [nothing] : kinds), ...missing.map(describeMissing)];
  const sections: readonly Section[] = [
    {
      title: [
        "Watched",
        ...(labelSelector === undefined ? [] : [`where labels match ${labelSelector}`]),
        ...(shard === undefined ? [] : [`shard ${formatShard(shard)} of the objects`]),
      ].join(", "),
      findings: watched,
    },
    {
      title: "Hidden by built-in exclusions; to watch one, name it in LIFELINE_RESOURCES",
      findings: selection.hidden.map(({ facts }) => ({
        level: "none",
        columns: [formatResource(facts), facts.kind, facts.version],
      })),
    },
  ];
  return sections.filter(({ findings }) => findings.length > 0);
}

function describeKind(name: string, reviewed: readonly Reviewed[]): Finding {
  // Grouped by kind: there is at least one, and all have the same facts.
  const { kind, version, scope } = reviewed.map(({ watch }) => watch.facts)[0] ?? {};
  const columns = [name, String(kind), String(version), String(scope), describePlace(reviewed)];
  const forbidden = reviewed.flatMap(({ watch, access }) =>
    access.type === "forbidden"
      ? [
          `forbidden${inNamespace(watch)}: needs ${access.missing.map((verb) => `"${verb}"`).join(" and ")} on "${name}"`,
        ]
      : [],
  );
  const unknown = reviewed.flatMap(({ access }) =>
    access.type === "unknown" ? [access.error.message] : [],
  );
  if (forbidden.length > 0)
    return { level: "fail", columns, details: [...forbidden, ...unknown], advice: RBAC_ADVICE };
  if (unknown.length > 0)
    return {
      level: "note",
      columns,
      details: unknown,
      advice: "whether it may be watched could not be asked; the daemon tries",
    };
  return { level: "ok", columns };
}

function describePlace(reviewed: readonly Reviewed[]): string {
  const places = reviewed.map(({ watch: { key, facts } }) => {
    if (facts.scope === "Cluster") return "–";
    return key.namespace ?? key.namespacePatterns ?? "all namespaces";
  });
  return places.join(", ");
}

function inNamespace({ key }: PlannedWatch): string {
  return key.namespace === undefined ? "" : ` in namespace ${key.namespace}`;
}

function describeMissing({ text, isNamed, nearest }: MissingKind): Finding {
  const columns = [text, "matches nothing that the cluster serves to be listed and watched"];
  if (!isNamed) return { level: "note", columns };
  const typo = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  const advice = `write it as plural.group as \`kubectl api-resources\` shows it, or install what serves it${typo}`;
  return { level: "fail", columns, advice };
}
