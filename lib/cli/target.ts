/** Where a cell runs on which an operation works. */
import { Option } from 'commander';
import type { Cell } from '../fleet/derive/cell.ts';
import type { CellPort } from '../operations/cell-port.ts';
import { asRoot } from './as-root.ts';

const targets = ['local', 'aws'] as const;
export type Target = (typeof targets)[number];

/** Where `provision`, `scale`, `roll`, `tenant move` and `evacuate` work. */
export type AnyTarget = Target | 'kubernetes';

export const targetOption = (): Option =>
  new Option('--target <target>', 'where the cell runs: this machine, or AWS').choices(targets).default('local');

export const anyTargetOption = (): Option =>
  new Option('--target <target>', 'where the cell runs: this machine, AWS, or Kubernetes by kubectl')
    .choices([...targets, 'kubernetes'] satisfies AnyTarget[])
    .default('local');

/**
 * The running cell.
 * @throws UserError when it is not there, or this machine can't reach it
 */
export async function runningOn(target: AnyTarget, cell: Cell): Promise<CellPort> {
  if (target === 'aws') {
    const { awsCell } = await import('../targets/aws/operations/cell-port.ts');
    return awsCell(cell.spec);
  }
  if (target === 'kubernetes') {
    const { kubernetesCell } = await import('../targets/kubernetes/operations/cell-port.ts');
    return kubernetesCell(cell.spec);
  }
  asRoot();
  const { localCell } = await import('../targets/local/cell-port.ts');
  return localCell(cell.name);
}
