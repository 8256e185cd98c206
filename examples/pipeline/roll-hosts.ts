/**
 * Brings the hosts of a cell to the configuration that was just applied, one at a time: media hosts, then the standby SBC, then
 * the active one. A host that is still booting is waited for. On one that runs already its boot unit is started: it drains and
 * restarts the programs whose files have changed, and nothing else. Ends at the first host that does not get ready.
 *
 * @example npx tsx examples/pipeline/roll-hosts.ts euw1-a
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { stateTag } from '../../lib/aws/host/boot.ts';
import { awsOf, outputsOf } from './deployed-cell.ts';

/** Seconds that the boot unit of a host may take: a kernel module is built, calls are drained. */
const patience = 7200;
const pollMs = 3000;

const [cell] = process.argv.slice(2);
if (cell === undefined) {
  console.error('usage: roll-hosts.ts CELL');
  process.exit(2);
}
const aws = awsOf(cell);
const { hosts, sbc_address: sbcAddress } = outputsOf(cell);
const deadline = Date.now() + patience * 1000;

/** Asks until there is an answer. */
async function answer<T>(what: string, ask: () => T | undefined): Promise<T> {
  for (;;) {
    const found = ask();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} within ${patience} s`);
    await sleep(pollMs);
  }
}

/** Waits for the first boot. @throws Error when the host says that it failed */
async function booted(host: string, instance: string): Promise<void> {
  const state = await answer(`${host} does not boot`, () => {
    const query = `Reservations[0].Instances[0].Tags[?Key=='${stateTag}'].Value | [0]`;
    return (
      (aws('ec2', 'describe-instances', '--instance-ids', instance, '--query', query) as string | null) ?? undefined
    );
  });
  if (state !== 'ready') throw new Error(`${host}: ${state}`);
}

/** Starts the boot unit and waits for its end. @throws Error when it fails */
async function applied(host: string, instance: string): Promise<void> {
  const parameters = { commands: ['systemctl start cellstamp-boot.service'], executionTimeout: [String(patience)] };
  const id = aws(
    ...['ssm', 'send-command', '--document-name', 'AWS-RunShellScript', '--instance-ids', instance],
    ...['--parameters', JSON.stringify(parameters), '--query', 'Command.CommandId'],
  ) as string;
  const status = await answer(`${host} does not take its configuration`, () => {
    const found = aws('ssm', 'list-commands', '--command-id', id, '--query', 'Commands[0].Status') as string | null;
    return found === null || ['Pending', 'InProgress', 'Cancelling'].includes(found) ? undefined : found;
  });
  if (status !== 'Success')
    throw new Error(`${host}: its boot unit ended with ${status}; journalctl -u cellstamp-boot tells more`);
}

const active = aws(
  ...['ec2', 'describe-addresses', '--public-ips', sbcAddress.value, '--query', 'Addresses[0].InstanceId'],
);
const rank = (host: string, instance: string) => (host.startsWith('media-') ? 0 : instance === active ? 2 : 1);
const order = Object.entries(hosts.value)
  .map(([host, { instance }]) => ({ host, instance, rank: rank(host, instance) }))
  .sort((a, b) => a.rank - b.rank || (a.host < b.host ? -1 : 1));
try {
  for (const { host, instance } of order) {
    await booted(host, instance);
    await applied(host, instance);
    console.log(`${host} of ${cell} is ready`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
