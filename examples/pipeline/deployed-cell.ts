/** What the pipeline's programs know of a cell that Terraform has applied. */
import { execFileSync } from 'node:child_process';
import { readCell } from '../../lib/cli/cell-files.ts';

/** Outputs of the cell's stack, as much of them as are read here. */
interface Outputs {
  /** Public address of the active SBC. */
  readonly sbc_address: { readonly value: string };
  readonly hosts: { readonly value: Readonly<Record<string, { readonly instance: string }>> };
}

/** The outputs of the stack that `terraform-cell.ts` has applied in this folder. */
export function outputsOf(cell: string): Outputs {
  return json(execFileSync('terraform', [`-chdir=cdktf.out/stacks/cell-${cell}`, 'output', '-json']));
}

/** The AWS command line, in the cell's region unless its arguments name another; what it answers. */
export function awsOf(cell: string): (...args: readonly string[]) => unknown {
  const { region } = readCell('cells', cell).spec;
  return (...args) => json(execFileSync('aws', ['--region', region, '--output', 'json', ...args]));
}

function json<T>(text: Buffer): T {
  return JSON.parse(text.toString()) as T;
}
