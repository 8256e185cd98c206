import { Option, type Command } from 'commander';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { usualDeadlineSeconds } from '../../operations/drain.ts';
import type { RollPort } from '../../operations/roll.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { asRoot } from '../as-root.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { decimal } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';
import { anyTargetOption, type AnyTarget } from '../target.ts';

const kinds = ['data', 'media', 'sbc'] as const;

export function addRoll(program: Command): Command {
  return program
    .command('roll')
    .description('Applies the current configuration to the hosts of a running cell, one at a time.')
    .argument('<cell>', 'name of the cell')
    .addOption(anyTargetOption())
    .addOption(new Option('--only <kind>', 'roll only hosts of this kind (data: with --target local)').choices(kinds))
    .option(
      '--deadline <seconds>',
      `on this machine: how long calls that can’t move may continue before they get a BYE (default: ${usualDeadlineSeconds})`,
      decimal(0, 86_400),
    )
    .option(...cellsOption)
    .option('--json', 'print the hosts as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp roll euw1-a\n  $ npx cellstamp roll euw1-a --only media\n  $ npx cellstamp roll euw1-a --target aws --only sbc\n\n' +
        'Media hosts come first, then the standby SBC, then the active one; up-to-date hosts are left alone. On this machine data hosts\n' +
        'come before them: first the replicas, then the primaries, each of which a replica replaces. A media host or an SBC is drained\n' +
        '(`npx cellstamp drain --help`), recreated from the cell’s file, and returned to service. On AWS a host takes the bundle that\n' +
        'was deployed. On Kubernetes an outdated pod ends with its last call, and a new one takes its place; the standby SBC knows all\n' +
        'calls before the active one stops. The command stops at the first host that does not become ready, and when calls are lost;\n' +
        'run it again to continue.',
    )
    .action(roll);
}

interface Options {
  readonly cells: string;
  readonly target: AnyTarget;
  readonly only?: (typeof kinds)[number];
  readonly deadline?: number;
  readonly json?: true;
}

const tidying = 'stops once the host that it works on is ready; run it again to go on from there';

async function roll(name: string, options: Options): Promise<void> {
  if (options.target === 'local') return rollHere(name, options);
  const { only, deadline } = options;
  const wrong = [...(only === 'data' ? ['--only data'] : []), ...(deadline === undefined ? [] : ['--deadline'])];
  if (only === 'data' || deadline !== undefined)
    throw new CommandFailure(`${wrong.join(' and ')} ${wrong.length > 1 ? 'go' : 'goes'} with --target local only`, 2);
  const { spec } = readCell(options.cells, name);
  const [operations, port] = await Promise.all([import('../../operations/roll.ts'), portOf(options.target, spec)]);
  const onReady = (host: string) => {
    if (!options.json) console.log(`${host} of ${name} is ready`);
  };
  await interruptible(async (signal) => {
    const ready = await operations.roll(port, { ...(only === undefined ? {} : { only }), onReady, signal });
    if (options.json) printJson({ cell: name, ready });
  }, tidying);
}

async function portOf(target: Exclude<AnyTarget, 'local'>, spec: CellSpec): Promise<RollPort> {
  if (target === 'aws') return (await import('../../targets/aws/operations/cell-port.ts')).awsCell(spec);
  return (await import('../../targets/kubernetes/operations/cell-port.ts')).kubernetesCell(spec, {
    onProgress: (text) => console.error(text),
  });
}

async function rollHere(name: string, { cells, only, deadline, json }: Options): Promise<void> {
  asRoot();
  const { spec } = readCell(cells, name);
  const local = await import('../../targets/local/index.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const ready = await local.roll(spec, {
        ...(only === undefined ? {} : { only }),
        ...(deadline === undefined ? {} : { deadlineSeconds: deadline }),
        onWaiting: (text) => line.show(text),
        onProgress: ({ host, state }) => {
          line.clear();
          if (state === 'renewed' && !json) console.log(`${host} of ${name} is ready`);
        },
        signal,
      });
      line.clear();
      if (json) printJson({ cell: name, ready });
      else if (ready.length === 0) console.log(`every host of ${name} that was meant runs what its file says`);
    } finally {
      line.clear();
    }
  }, tidying);
}
