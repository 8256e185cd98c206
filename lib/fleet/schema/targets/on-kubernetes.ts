/** A cell that is on Kubernetes: its section `kubernetes:` is there. */
import type { CellSpec } from '../cell-types.ts';
import { SpecError } from '../spec-error.ts';

export type OnKubernetes<Spec extends CellSpec = CellSpec> = Spec & {
  readonly kubernetes: NonNullable<Spec['kubernetes']>;
};

export function isOnKubernetes(spec: CellSpec): spec is OnKubernetes {
  return spec.kubernetes !== undefined;
}

/**
 * What a spec says of Kubernetes.
 * @throws SpecError when it is not on Kubernetes
 */
export function kubernetesOf(spec: CellSpec): OnKubernetes['kubernetes'] {
  if (isOnKubernetes(spec)) return spec.kubernetes;
  throw new SpecError(`${spec.name} can't be built on Kubernetes`, [
    {
      severity: 'error',
      path: 'kubernetes',
      message: 'is missing',
      given: 'nothing',
      allowed: 'a section with images, floatingAddress, database and redis',
    },
  ]);
}
