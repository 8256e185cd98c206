import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { Promotion } from '../../operations/promote.ts';
import { asRoot } from '../as-root.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';
import { targetOption, type Target } from '../target.ts';

export function addPromote(program: Command): Command {
  return program
    .command('promote')
    .description('Promotes a replica of PostgreSQL or Redis to primary.')
    .argument('<cell>', 'name of the cell')
    .argument('<host>', 'name of the replica, such as database-2 or redis-2')
    .option('--primary-lost', 'the primary is lost: give up the writes that the replica lacks')
    .addOption(targetOption())
    .option(...cellsOption)
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp promote euw1-a database-2\n\n' +
        'While the primary answers, nothing is lost: it stops taking writes, the replica catches up, and they swap roles. A primary that\n' +
        'does not answer is given up only with --primary-lost, and takes no writes when it comes back. After an interruption, run the\n' +
        'same command again to complete it. Hosts that died come back as replicas with `npx cellstamp up`.',
    )
    .action(promote);
}

interface Options {
  readonly cells: string;
  readonly primaryLost?: true;
  readonly target: Target;
  readonly json?: true;
}

async function promote(name: string, host: string, options: Options): Promise<void> {
  const { spec } = readCell(options.cells, name);
  if (options.target === 'aws') {
    throw new CommandFailure(
      'on AWS, Aurora and ElastiCache promote by themselves (aws rds failover-db-cluster, aws elasticache test-failover); promote is for --target local',
      2,
    );
  }
  asRoot();
  const [operations, { localDataHosts }] = await Promise.all([
    import('../../operations/promote.ts'),
    import('../../targets/local/data-port.ts'),
  ]);
  const port = localDataHosts(spec.name);
  const done = await operations.promote(port, host, { primaryIsLost: options.primaryLost ?? false });
  if (options.json) printJson({ cell: spec.name, ...done });
  else console.log(describe(spec.name, done));
  if (done.notFollowing.length > 0) process.exitCode = 1;
}

function describe(cell: string, done: Promotion): string {
  const { primary, before, loss, following, notFollowing, missing } = done;
  return [
    `${primary} is the primary of ${cell}`,
    ...following.map((host) => `${host} follows it`),
    ...notFollowing.map(({ host, reason }) => `${host} does not follow it: ${reason}`),
    ...missing.map((host) => `${host} is dead; "npx cellstamp up ${cell}" recreates it as a replica`),
    ...(primary === before ? [] : [lossText(before, loss)]),
  ].join('\n');
}

function lossText(before: string, loss: Promotion['loss']): string {
  switch (loss.kind) {
    case 'none':
      return 'nothing is lost';
    case 'bytes':
      return `${counted(loss.bytes, 'byte')} of changes that ${before} had are lost`;
    case 'unknown': {
      const since = loss.since === null ? 'its last moments' : new Date(loss.since * 1000).toISOString();
      return `what ${before} took after ${since}, if anything, is lost; it can't be asked how much that is`;
    }
  }
}
