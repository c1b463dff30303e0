import type { Role, RoleRule } from "./roles.ts";

export type RenderRolesOptions = {
  /** Of the roles and their bindings. */
  readonly name: string;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  /** Lines of the comment at the top. */
  readonly introduction: readonly string[];
};

const LINE_WIDTH = 100;

/** Each role and its binding as a YAML document, for `kubectl apply -f -`; every rule with a comment that says why. */
export function renderRoles(roles: readonly Role[], options: RenderRolesOptions): string {
  const introduction = options.introduction.map((line) => `# ${line}`.trimEnd());
  const documents = roles.flatMap((role) => [
    renderRole(role, options),
    renderBinding(role, options),
  ]);
  const text = documents.map((lines) => lines.join("\n")).join("\n---\n");
  return `${[...introduction, text].join("\n")}\n`;
}

function renderRole(role: Role, options: RenderRolesOptions): readonly string[] {
  return [
    ...head(role, options, role.namespace === undefined ? "ClusterRole" : "Role"),
    "rules:",
    ...role.rules.flatMap(renderRule),
  ];
}

function renderRule(rule: RoleRule): readonly string[] {
  const { why, group, resources, resourceNames, verbs } = rule;
  return [
    `  # ${why}`,
    `  - apiGroups: [${scalar(group)}]`,
    ...renderList("resources", resources),
    ...(resourceNames === undefined ? [] : renderList("resourceNames", resourceNames)),
    ...renderList("verbs", verbs),
  ];
}

function renderBinding(role: Role, options: RenderRolesOptions): readonly string[] {
  const { name, serviceAccount } = options;
  const kind = role.namespace === undefined ? "ClusterRole" : "Role";
  return [
    ...head(role, options, `${kind}Binding`),
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    `  kind: ${kind}`,
    `  name: ${scalar(name)}`,
    "subjects:",
    "  - kind: ServiceAccount",
    `    name: ${scalar(serviceAccount.name)}`,
    `    namespace: ${scalar(serviceAccount.namespace)}`,
  ];
}

function head({ namespace }: Role, { name }: RenderRolesOptions, kind: string): readonly string[] {
  return [
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}`,
    "metadata:",
    `  name: ${scalar(name)}`,
    ...(namespace === undefined ? [] : [`  namespace: ${scalar(namespace)}`]),
  ];
}

function renderList(field: string, values: readonly string[]): readonly string[] {
  const line = `    ${field}: [${values.map(scalar).join(", ")}]`;
  if (line.length <= LINE_WIDTH) return [line];
  return [`    ${field}:`, ...values.map((value) => `      - ${scalar(value)}`)];
}

/** Quoted unless no YAML, 1.1 or 1.2, can read it as anything but text: `no`, `1e3` and `null` are namespaces, too. */
function scalar(text: string): string {
  const isPlain =
    /^[a-z][a-z0-9.-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/.test(text);
  return isPlain ? text : JSON.stringify(text);
}
