/** What the pipeline's programs know of a cell that Terraform has applied. */
import { spawnSync } from 'node:child_process';
import { readCell } from '../../lib/cli/cell-files.ts';
import { orExit } from './or-exit.ts';

/** Outputs of the cell's stack, as much of them as are read here. */
interface Outputs {
  /** Public address of the active SBC. */
  readonly sbc_address: { readonly value: string };
  readonly hosts: { readonly value: Readonly<Record<string, { readonly instance: string }>> };
}

/** The outputs of the stack that `terraform-cell.ts` has applied in this folder. */
export function outputsOf(cell: string): Outputs {
  return answerOf('terraform', [`-chdir=cdktf.out/stacks/cell-${cell}`, 'output', '-json']) as Outputs;
}

/** The AWS command line, in the cell's region unless its arguments name another; what it answers. */
export function awsOf(cell: string): (...args: readonly string[]) => unknown {
  const { region } = orExit(() => readCell('cells', cell)).spec;
  return (...args) => answerOf('aws', ['--region', region, '--output', 'json', ...args]);
}

/** Runs a program that answers in JSON. When it fails, it has said why, and this program ends as it did. */
function answerOf(program: string, args: readonly string[]): unknown {
  const { status, stdout, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) console.error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout);
}
