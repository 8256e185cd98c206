import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { LocalFailure } from './failure.ts';
import { isAlive, kill, networkNamespace, processesInNetworks, processesWithArgument } from './processes.ts';
import { cellFolder, exclusively, removeState } from './state.ts';

/**
 * Takes a cell down: ends all its processes and removes its files. It needs nothing but the process table, so that it works
 * after a command was killed at any moment; a cell that is not up is no error.
 * @throws LocalFailure when a process does not end within 10 s.
 */
export async function down(name: string): Promise<void> {
  await exclusively(name, () => removeCell(name));
}

/** The work of `down`, for whoever has the cell to itself already. */
export async function removeCell(name: string): Promise<void> {
  // Every namespace's process 1 and its guardian have its script's path as an argument.
  const hosts = `${join(cellFolder(name), 'hosts')}/`;
  const inits = processesWithArgument((word) => word.startsWith(hosts) && word.endsWith('/init'));
  const machine = networkNamespace(process.pid);
  const networks = new Set(
    inits.map(({ pid }) => networkNamespace(pid)).filter((network) => network !== undefined && network !== machine),
  ) as Set<string>;
  inits.forEach(kill);

  // The kernel ends what is inside; programs that were started in a host's network from outside it are left.
  const deadline = Date.now() + 10_000;
  let left = [...inits.filter(isAlive), ...processesInNetworks(networks)];
  while (left.length > 0) {
    if (Date.now() > deadline) {
      throw new LocalFailure(`processes of cell ${name} do not end: ${left.map(({ pid }) => pid).join(', ')}`);
    }
    left.forEach(kill);
    await sleep(10);
    left = [...inits.filter(isAlive), ...processesInNetworks(networks)];
  }
  removeState(name);
}
