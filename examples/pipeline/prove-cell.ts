/**
 * Proves a deployed cell: places calls between two users of it from here, judges them by their audio, and then looks whether
 * an alarm of the cell has gone off.
 *
 * Takes CALLER and CALLEE, two SIP URIs in which {cell} stands for the cell's name, and their passwords as `cellstamp call`
 * does.
 *
 * @example CALLER='sip:proof-1@{cell}.proof.example.com' CALLEE=... npx tsx examples/pipeline/prove-cell.ts euw1-a
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { awsOf, outputsOf } from './deployed-cell.ts';

const [cell] = process.argv.slice(2);
const { CALLER: caller, CALLEE: callee } = process.env;
if (cell === undefined || caller === undefined || callee === undefined) {
  console.error('usage: CALLER=URI CALLEE=URI prove-cell.ts CELL');
  process.exit(2);
}

const command = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const users = [caller, callee].map((uri) => uri.replaceAll('{cell}', cell)) as [string, string];
const calls = spawnSync(
  process.execPath,
  [
    ...['--import', import.meta.resolve('tsx'), command, 'call', '--to', outputsOf(cell).sbc_address.value],
    ...['--caller', users[0], '--callee', users[1], '--calls', '20', '--rate', '2', '--hold', '5'],
  ],
  { stdio: 'inherit' },
);
const alarms = awsOf(cell)(
  ...['cloudwatch', 'describe-alarms', '--alarm-name-prefix', `cellstamp-${cell}-`, '--state-value', 'ALARM'],
  ...['--query', '[MetricAlarms, CompositeAlarms][][].AlarmName'],
) as readonly string[];
for (const alarm of alarms) console.error(`the alarm ${alarm} has gone off`);
if (calls.status !== 0 || alarms.length > 0) process.exitCode = 1;
