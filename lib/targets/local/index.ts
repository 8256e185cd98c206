/**
 * A cell on this machine: every host is a set of namespaces with the real daemons of Debian's packages and the very files
 * that the other targets use. Needs root on Linux; nothing of it is left in the machine's own namespaces.
 *
 * @module cellstamp/local
 * @example
 * const cell = await up(parseCell({ name: 'lab', region: 'eu-west-1', local: {}, size: 'test', media: { kernelForwarding: 'preferred' } }));
 * const options = await exec('lab', 'sbc-1', ['ip', 'address']);
 * await down('lab');
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalFailure } from './failure.ts';
import { runInside, spawnInNetwork } from './namespace.ts';
import { primaryOf } from './primaries.ts';
import { isAlive, kill, type ProcessId } from './processes.ts';
import type { Outcome, RunOptions } from './run.ts';
import { hostFolder, requireState } from './state.ts';

export { notUp } from './state.ts';

export { endCalls, listCalls, type EndedCalls, type RunningCall } from './calls.ts';
export { down, namesToTakeDown, remains, type Remains } from './down.ts';
export { LocalFailure } from './failure.ts';
export { lanAddress } from './lan-gateway.ts';
export { debianPackages, missingPackages } from './packages.ts';
export { requirements, type Lack } from './requirements.ts';
export { outsideAddress } from './addresses.ts';
export type { Outcome, RunOptions } from './run.ts';
export type { ServiceStatus } from './service-notes.ts';
export { checkedList, checkedStatus, list, status, type CellStatus, type HostStatus } from './status.ts';
export { roll, up, type Progress, type RollOptions, type UpOptions } from './up.ts';

function processOf(name: string, host: string): ProcessId {
  const { namespaces } = requireState(name);
  const namespace = namespaces[host];
  if (!namespace) {
    throw new LocalFailure(`cell ${name} has no host ${host}; it has ${Object.keys(namespaces).sort().join(', ')}`, 2);
  }
  if (!isAlive(namespace.init))
    throw new LocalFailure(`host ${host} of cell ${name} is dead; "npx cellstamp up ${name}" recreates it`);
  return namespace.init;
}

/** Name of the host that is the primary of PostgreSQL or Redis. @throws LocalFailure when the cell is not up */
export function primaryHost(name: string, role: 'database' | 'redis'): string {
  return primaryOf(requireState(name), role);
}

/**
 * Runs a program on a host, as root, to its end.
 * @throws LocalFailure when the host is not there. A program that fails is an outcome.
 */
export async function exec(
  name: string,
  host: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return runInside(processOf(name, host), argv, options);
}

/**
 * Starts a program of this machine in the cell's outside, where every documentation address and every source of the spec is
 * its own. It ends with this process.
 * @throws LocalFailure when the cell is not up.
 */
export function spawnOutside(name: string, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawnInNetwork(processOf(name, 'outside'), argv, options);
}

/** Ends a host at once, as a failing machine does. The next `up` recreates it. */
export function killHost(name: string, host: string): void {
  kill(processOf(name, host));
}

/**
 * The logs of a host, a text each service; `init` is the host's own.
 * @throws LocalFailure when the host is not there. A dead host's logs still are.
 */
export function logs(name: string, host: string): Readonly<Record<string, string>> {
  if (!requireState(name).namespaces[host]) processOf(name, host);
  const folder = join(hostFolder(name, host), 'log');
  const files = readdirSync(folder).filter((file) => file.endsWith('.log'));
  return Object.fromEntries(
    files.sort().map((file) => [file.replace(/\.log$/, ''), readFileSync(join(folder, file), 'utf8')]),
  );
}
