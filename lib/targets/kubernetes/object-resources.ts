/** Objects of the Kubernetes API as resources of Pulumi: each is handed on as it is, so that an engine adds nothing to what a file says. */
import { ClusterRole } from '@pulumi/kubernetes/rbac/v1/clusterRole.js';
import { ClusterRoleBinding } from '@pulumi/kubernetes/rbac/v1/clusterRoleBinding.js';
import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import { DaemonSet } from '@pulumi/kubernetes/apps/v1/daemonSet.js';
import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import { NetworkPolicy } from '@pulumi/kubernetes/networking/v1/networkPolicy.js';
import { PodDisruptionBudget } from '@pulumi/kubernetes/policy/v1/podDisruptionBudget.js';
import { PriorityClass } from '@pulumi/kubernetes/scheduling/v1/priorityClass.js';
import { Role } from '@pulumi/kubernetes/rbac/v1/role.js';
import { RoleBinding } from '@pulumi/kubernetes/rbac/v1/roleBinding.js';
import { Service } from '@pulumi/kubernetes/core/v1/service.js';
import { ServiceAccount } from '@pulumi/kubernetes/core/v1/serviceAccount.js';
import { StatefulSet } from '@pulumi/kubernetes/apps/v1/statefulSet.js';
import {
  RunError,
  type ComponentResource,
  type CustomResource as Resource,
  type CustomResourceOptions,
} from '@pulumi/pulumi';
import type { KubernetesObject } from './objects.ts';

/** The object that is made in the place of another; kind, name and namespace stay. */
export type Transform = (object: KubernetesObject) => KubernetesObject;

type ResourceClass = new (name: string, args: never, options: CustomResourceOptions) => Resource;

/** By version and kind of the object. */
const classes: Readonly<Record<string, ResourceClass>> = {
  'v1 Namespace': Namespace,
  'v1 ServiceAccount': ServiceAccount,
  'v1 Service': Service,
  'v1 ConfigMap': ConfigMap,
  'apps/v1 DaemonSet': DaemonSet,
  'apps/v1 StatefulSet': StatefulSet,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'rbac.authorization.k8s.io/v1 ClusterRole': ClusterRole,
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': ClusterRoleBinding,
  'rbac.authorization.k8s.io/v1 Role': Role,
  'rbac.authorization.k8s.io/v1 RoleBinding': RoleBinding,
  'scheduling.k8s.io/v1 PriorityClass': PriorityClass,
};

/** Name of a child: `DaemonSet media-1`, and without the hash of what is in it `ConfigMap media-1`. */
export type ChildName = string;

const childName = ({ kind, metadata }: KubernetesObject): ChildName =>
  `${kind} ${kind === 'ConfigMap' ? metadata.name.replace(/-[0-9a-f]{10}$/, '') : metadata.name}`;

type Child = readonly [ChildName, Resource];

const runs = (kind: string): boolean => kind === 'DaemonSet' || kind === 'StatefulSet';

/**
 * Makes a resource of each object, below the component.
 *
 * @param transforms by the name of the child
 * @returns the resources by the name of the child
 * @throws RunError with all problems of what the transforms have made
 */
export function objectResources(
  component: ComponentResource,
  name: string,
  objects: readonly KubernetesObject[],
  transforms: Readonly<Record<ChildName, Transform>> = {},
): ReadonlyMap<ChildName, Resource> {
  const names = objects.map(childName);
  const wrong = Object.keys(transforms)
    .filter((child) => !names.includes(child))
    .map((child) => `transform: there is no child ${child}; there are ${names.join(', ')}`);
  const made = objects.map((object, index) => {
    const transform = transforms[names[index]!];
    if (transform === undefined) return object;
    const changed = transform(object);
    wrong.push(...refusals(names[index]!, object, changed));
    return changed;
  });
  if (wrong.length > 0) throw new RunError(`${name} can't be built\n${wrong.join('\n')}`);

  const make = (object: KubernetesObject, dependsOn: readonly Resource[]): Resource => {
    const { apiVersion, kind, metadata } = object;
    const OfKind = classes[`${apiVersion} ${kind}`] ?? (CustomResource as ResourceClass);
    return new OfKind(`${name}/${metadata.name}`, object as never, {
      parent: component,
      dependsOn: [...dependsOn],
      // A pod that runs still has the files of its own release.
      ...(kind === 'ConfigMap' ? { retainOnDelete: true } : {}),
    });
  };
  const makeAll = (which: (kind: string) => boolean, after: readonly Child[]): readonly Child[] =>
    made.flatMap((object, index) =>
      which(object.kind)
        ? [
            [
              names[index]!,
              make(
                object,
                after.map(([, resource]) => resource),
              ),
            ] as const,
          ]
        : [],
    );
  // A namespace is there before what is in it, and all else before what runs.
  const namespaces = makeAll((kind) => kind === 'Namespace', []);
  const others = makeAll((kind) => kind !== 'Namespace' && !runs(kind), namespaces);
  const workloads = makeAll(runs, [...namespaces, ...others]);
  return new Map([...namespaces, ...others, ...workloads]);
}

/** What a transform has made of an object that can't be handed on. */
function refusals(child: ChildName, before: KubernetesObject, after: KubernetesObject): readonly string[] {
  const wrong: string[] = [];
  for (const [path, value, expected] of [
    ['apiVersion', after.apiVersion, before.apiVersion],
    ['kind', after.kind, before.kind],
    // Without a name an engine would invent one.
    ['metadata.name', after.metadata?.name, before.metadata.name],
    ['metadata.namespace', after.metadata?.namespace, before.metadata.namespace],
  ] as const) {
    if (value !== expected) wrong.push(`${path} is ${String(value)}; allowed: ${String(expected)}, as it was`);
  }
  for (const { path, what } of notData(after, '')) {
    wrong.push(
      `${path} is ${what}; allowed: text, numbers, lists and objects, which are known before anything is built`,
    );
  }
  return wrong.map((text) => `transform ${child}: ${text}`);
}

/** What is in the object beside data: an Output of another resource, a promise, a function. */
function* notData(value: unknown, path: string): Generator<{ readonly path: string; readonly what: string }> {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) yield { path, what: String(value) };
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield* notData(one, `${path}[${index}]`);
    return;
  }
  if (typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) {
    for (const [key, one] of Object.entries(value)) yield* notData(one, path === '' ? key : `${path}.${key}`);
    return;
  }
  const name = typeof value === 'object' ? value.constructor.name.replace(/Impl$/, '') : typeof value;
  yield { path, what: /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}` };
}
