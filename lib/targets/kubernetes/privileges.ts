/** What containers may do beyond an ordinary one, for whoever has to allow it in a cluster. */
import type { Container, KubernetesObject } from './objects.ts';

export interface Privilege {
  readonly namespace: string;
  /** `sbc`, `media` or `edge` */
  readonly role: string;
  readonly container: string;
  /** `privileged`, `starts as root`, names of capabilities */
  readonly what: readonly string[];
}

/** A container a line, of the first host of each role: the others are alike. */
export function privilegesIn(objects: readonly KubernetesObject[]): readonly Privilege[] {
  const roles = new Map<string, KubernetesObject>();
  for (const object of objects) {
    const role = object.metadata.labels?.['cellstamp.io/role'];
    if (object.kind === 'DaemonSet' && role !== undefined && !roles.has(role)) roles.set(role, object);
  }
  return [...roles].flatMap(([role, object]) =>
    containersOf(object).flatMap(({ name, securityContext }): readonly Privilege[] => {
      const { privileged, runAsUser, capabilities } = securityContext;
      const what = privileged
        ? ['privileged']
        : [...(runAsUser === 0 ? ['starts as root'] : []), ...(capabilities?.add ?? [])];
      return what.length === 0 ? [] : [{ namespace: object.metadata.namespace!, role, container: name, what }];
    }),
  );
}

function containersOf(object: KubernetesObject): readonly Container[] {
  const { template } = object['spec'] as {
    readonly template: {
      readonly spec: { readonly initContainers: readonly Container[]; readonly containers: readonly Container[] };
    };
  };
  return [...template.spec.initContainers, ...template.spec.containers];
}
