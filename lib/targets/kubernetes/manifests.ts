/** A cell as objects of the Kubernetes API: pure data, which a person applies, a repository keeps, or Pulumi hands on. */
import { deriveCell, type Cell } from '../../fleet/derive/cell.ts';
import type { CellSpec } from '../../fleet/schema/cell-types.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellLabels, cellName, hostLabel, hostsService, nodeHosts, roleLabels } from './names.ts';
import type { KubernetesObject } from './objects.ts';
import { hostObjects } from './pod.ts';

/**
 * The objects in the order in which they can be applied. The Secrets that they name are not among them.
 *
 * @throws SpecError when the cell is not on Kubernetes
 * @example manifests(parseCell({ name: 'k8s-a', region: 'eu-west-1', kubernetes })).map(({ kind }) => kind)[0] // 'Namespace'
 */
export function manifests(spec: CellSpec): readonly KubernetesObject[] {
  kubernetesOf(spec);
  const cell = deriveCell(spec, 'late');
  return [
    namespace(cell),
    priorityClass(cell),
    ...rolesOf(cell),
    listOfHosts(cell),
    nothingElse(cellName(cell), cellLabels(cell)),
    disruptionBudget(cell, 'sbc', cell.sbcs.length),
    disruptionBudget(cell, 'media', cell.media.length),
    ...nodeHosts(cell).flatMap((host) => hostObjects(cell, host)),
  ];
}

function namespace(cell: Cell): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: cellName(cell),
      labels: {
        ...cellLabels(cell),
        // The host's network, and what sets the node up.
        'pod-security.kubernetes.io/enforce': 'privileged',
      },
    },
  };
}

function priorityClass(cell: Cell): KubernetesObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: cellName(cell), labels: cellLabels(cell) },
    value: 1_000_000,
    // A node of the cell has its one host; who is there before has no right to be.
    preemptionPolicy: 'PreemptLowerPriority',
    globalDefault: false,
    description: `Hosts of the cell ${cell.name}, which carry calls`,
  };
}

/** What hosts may ask the API server: where the others are, and on media hosts what their Node says of its addresses. */
function rolesOf(cell: Cell): readonly KubernetesObject[] {
  const inNamespace = (name: string) => ({ name, namespace: cellName(cell), labels: cellLabels(cell) });
  const nowhere = { name: cellName(cell), labels: cellLabels(cell) };
  const accounts = ['sbc', 'media'] as const;
  const subject = (name: string) => ({ kind: 'ServiceAccount', name, namespace: cellName(cell) });
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  return [
    ...accounts.map((name) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: cellName(cell), labels: roleLabels(cell, name) },
      automountServiceAccountToken: false,
    })),
    {
      apiVersion,
      kind: 'Role',
      metadata: inNamespace('find-hosts'),
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: inNamespace('find-hosts'),
      roleRef: { apiGroup, kind: 'Role', name: 'find-hosts' },
      subjects: accounts.map(subject),
    },
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: nowhere,
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: nowhere,
      roleRef: { apiGroup, kind: 'ClusterRole', name: cellName(cell) },
      subjects: [subject('media')],
    },
  ];
}

/** Nobody connects to it: for it Kubernetes keeps the list of hosts, those that start among them. */
function listOfHosts(cell: Cell): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: hostsService, namespace: cellName(cell), labels: cellLabels(cell) },
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: cellLabels(cell) },
  };
}

/**
 * Hosts have the node's network, where a NetworkPolicy does not apply or is not defined: they are left out, and their node's firewall is made
 * from their ports. Whatever else gets into the namespace talks to nobody.
 */
export function nothingElse(namespace: string, labels: Readonly<Record<string, string>>): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'nothing-else', namespace, labels },
    spec: {
      podSelector: { matchExpressions: [{ key: hostLabel, operator: 'DoesNotExist' }] },
      policyTypes: ['Ingress', 'Egress'],
    },
  };
}

/** One host of a role at a time. A number that is left, because with maxUnavailable nothing of a DaemonSet is ever evicted. */
function disruptionBudget(cell: Cell, role: 'sbc' | 'media', hosts: number): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: role, namespace: cellName(cell), labels: roleLabels(cell, role) },
    spec: { minAvailable: hosts - 1, selector: { matchLabels: roleLabels(cell, role) } },
  };
}
