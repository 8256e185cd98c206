/** Where a cell runs on which an operation works. */
import { Option } from 'commander';
import type { Cell } from '../fleet/derive/cell.ts';
import type { CellPort } from '../operations/cell-port.ts';
import { asRoot } from './as-root.ts';

const targets = ['local', 'aws'] as const;
export type Target = (typeof targets)[number];

export const targetOption = (): Option =>
  new Option('--target <target>', 'where the cell runs: this machine, or AWS').choices(targets).default('local');

/**
 * The running cell.
 * @throws UserError when it is not there, or this machine can't reach it
 */
export async function runningOn(target: Target, cell: Cell): Promise<CellPort> {
  if (target === 'aws') {
    const { awsCell } = await import('../targets/aws/operations/cell-port.ts');
    return awsCell(cell.spec);
  }
  asRoot();
  const { localCell } = await import('../targets/local/cell-port.ts');
  return localCell(cell.name);
}
