/** What a namespace of hosts has beside the hosts: of a cell, and of the front's edges in a region. */
import { hostLabel, hostsService } from './names.ts';
import type { KubernetesObject } from './objects.ts';

export interface Site {
  /** Of the namespace, and of what belongs to none. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `the cell k8s-a` */
  readonly what: string;
  readonly roles: readonly SiteRole[];
}

export interface SiteRole {
  /** The hosts' account has this name. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hosts: number;
  /** Whether its hosts have a public address, which their Node tells. */
  readonly readsNodes: boolean;
}

const apiGroup = 'rbac.authorization.k8s.io';
const rbac = `${apiGroup}/v1`;

export function siteObjects(site: Site): readonly KubernetesObject[] {
  return [
    namespaceObject(site),
    priorityClass(site),
    ...permissions(site),
    listOfHosts(site),
    nothingElse(site),
    ...site.roles.map((role) => disruptionBudget(site, role)),
  ];
}

function namespaceObject({ namespace, labels }: Site): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace,
      labels: {
        ...labels,
        // The host's network, and what sets the node up.
        'pod-security.kubernetes.io/enforce': 'privileged',
      },
    },
  };
}

function priorityClass({ namespace, labels, what }: Site): KubernetesObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: namespace, labels },
    value: 1_000_000,
    // A node of the cell has its one host; who is there before has no right to be.
    preemptionPolicy: 'PreemptLowerPriority',
    globalDefault: false,
    description: `Hosts of ${what}, which carry calls`,
  };
}

/** What hosts may ask the API server: where the others are, and what their Node says of its addresses. */
function permissions({ namespace, labels, roles }: Site): readonly KubernetesObject[] {
  const findHosts = { name: 'find-hosts', namespace, labels };
  const nowhere = { name: namespace, labels };
  const subject = ({ name }: SiteRole) => ({ kind: 'ServiceAccount', name, namespace });
  const readers = roles.filter(({ readsNodes }) => readsNodes);
  return [
    ...roles.map(({ name, labels: own }) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace, labels: own },
      automountServiceAccountToken: false,
    })),
    {
      apiVersion: rbac,
      kind: 'Role',
      metadata: findHosts,
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata: findHosts,
      roleRef: { apiGroup, kind: 'Role', name: 'find-hosts' },
      subjects: roles.map(subject),
    },
    ...(readers.length === 0
      ? []
      : [
          {
            apiVersion: rbac,
            kind: 'ClusterRole',
            metadata: nowhere,
            rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
          },
          {
            apiVersion: rbac,
            kind: 'ClusterRoleBinding',
            metadata: nowhere,
            roleRef: { apiGroup, kind: 'ClusterRole', name: namespace },
            subjects: readers.map(subject),
          },
        ]),
  ];
}

/** Nobody connects to it: for it Kubernetes keeps the list of hosts, those that start among them. */
function listOfHosts({ namespace, labels }: Site): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: hostsService, namespace, labels },
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels },
  };
}

/**
 * Hosts have the node's network, where a NetworkPolicy does not apply or is not defined: they are left out, and their node's firewall is made
 * from their ports. Whatever else gets into the namespace talks to nobody.
 */
function nothingElse({ namespace, labels }: Site): KubernetesObject {
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
function disruptionBudget({ namespace }: Site, { name, labels, hosts }: SiteRole): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace, labels },
    spec: { minAvailable: hosts - 1, selector: { matchLabels: labels } },
  };
}
