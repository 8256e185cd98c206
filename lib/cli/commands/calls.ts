import type { Command } from 'commander';
import type { EndedCalls, RunningCall } from '../../targets/local/index.ts';
import { CommandFailure, lines } from '../failure.ts';
import { interruptible, unlessAborted } from '../interrupt.ts';
import { formatTable, printJson } from '../output.ts';
import { runningCell } from '../running-cell.ts';

export function addCalls(program: Command): Command {
  const calls = program
    .command('calls')
    .description('Lists the calls of a local cell, or ends some of them.')
    .argument('[cell]', 'name of the cell; the only one that is up by default')
    .option('--tenant <tenant>', 'calls of this tenant only')
    .option('--json', 'print as JSON; times are seconds since 1970')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp calls euw1-a --tenant acme')
    .action(list);
  calls
    .command('end')
    .description('Ends calls: each side gets a BYE, the record says operator.')
    .argument('<call...>', 'Call-ID, or the unique name of a call')
    .option('--cell <cell>', 'name of the cell; the only one that is up by default')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp calls end 3c26700857a7@198.51.100.11 --tenant acme\n\n' +
        'A Call-ID ends every call that has it. Exit status 1 when a given name matches no call, or a call does not end; the others end.',
    )
    .action(end);
  return calls;
}

interface Options {
  readonly tenant?: string;
  readonly json?: true;
}

async function list(cell: string | undefined, { tenant, json }: Options): Promise<void> {
  const { name } = await runningCell(cell);
  const { listCalls } = await import('../../targets/local/index.ts');
  const calls = await listCalls(name, tenant);
  if (json) printJson(calls);
  else if (calls.length === 0) console.log(`cell ${name} has no call${ofTenant(tenant)}`);
  else console.log(formatCalls(calls));
}

async function end(wanted: readonly string[], _own: unknown, command: Command): Promise<void> {
  // Some of its options are those of `calls`.
  const { cell, tenant, json } = command.optsWithGlobals<Options & { readonly cell?: string }>();
  const { name } = await runningCell(cell);
  const { endCalls } = await import('../../targets/local/index.ts');
  let outcome: EndedCalls | undefined;
  await interruptible(async (signal) => {
    outcome = await unlessAborted(endCalls(name, wanted, tenant), signal);
  }, 'stops; calls that are already ending still end, and "npx cellstamp calls" shows which are still there');
  if (outcome === undefined) return;
  if (json) printJson(outcome);
  else for (const call of outcome.ended) console.log(`ended: ${describe(call)}`);
  const { missing, alive } = outcome;
  const faults = [
    ...(missing.length > 0 ? [`cell ${name} has no call${ofTenant(tenant)} ${missing.join(', ')}`] : []),
    ...alive.map((call) => `it does not end: ${describe(call)}`),
  ];
  if (faults.length > 0) throw new CommandFailure(faults.join('\n'), 1);
}

/** A line of a table that a terminal of 80 columns has room for, and below it what may be of any length. */
function formatCalls(calls: readonly RunningCall[]): string {
  const [head, ...rows] = formatTable(
    ['name', 'tenant', 'kind', 'media host', 'since'],
    calls.map(({ id, tenant, kind, media, invited }) => [id, tenant, kind, media, instant(invited)]),
  ).split('\n');
  const details = calls.map(({ call, from, to, trunk, answered }) => {
    const by = trunk === '' ? '' : ` by trunk ${trunk}`;
    const state = answered === null ? 'rings' : `answered ${instant(answered)}`;
    return `  Call-ID ${call}, from ${from} to ${to}${by}, ${state}`;
  });
  return [head, ...rows.flatMap((row, at) => [row, lines(details[at]!)])].join('\n');
}

function describe({ call, id, from, to, tenant }: RunningCall): string {
  return `${call} (${id}) from ${from} to ${to} of tenant ${tenant}`;
}

function instant(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

function ofTenant(tenant: string | undefined): string {
  return tenant === undefined ? '' : ` of tenant ${tenant}`;
}
