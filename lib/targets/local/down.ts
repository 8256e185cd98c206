import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { LocalFailure } from './failure.ts';
import { readFrontState } from './front/state.ts';
import {
  commandLines,
  isAlive,
  kill,
  networkNamespace,
  processesInNetworks,
  processesWithArgument,
} from './processes.ts';
import {
  cellFolder,
  cellNames,
  exclusively,
  isLocked,
  isOrphaned,
  readState,
  removeState,
  stateRoot,
} from './state.ts';

/**
 * Takes a cell down: ends all its processes and removes its files. It needs nothing but the process table, so that it works
 * after a command was killed at any moment, and where the folder of all cells is full; a cell that is not up is not an error.
 * @throws LocalFailure when a process does not end within 10 s, or files can't be removed
 */
export async function down(name: string): Promise<void> {
  await exclusively(name, () => removeCell(name), { inAnyCase: true });
}

/** Names of all that `down` would take down, sorted: what has a folder, and what runs without one. */
export function namesToTakeDown(): readonly string[] {
  return [...new Set([...cellNames(), ...namesOfRunning()])].sort();
}

/** Names of the cells and fronts of which a host lives, sorted. */
export function namesOfRunning(): readonly string[] {
  const path = new RegExp(`^${stateRoot}/([^/]+)/hosts/[^/]+/init$`);
  return [...new Set(commandLines().flatMap((line) => line.flatMap((word) => path.exec(word)?.[1] ?? [])))].sort();
}

export interface Remains {
  readonly name: string;
  readonly state: 'remains';
  /** How they came about. A whole clause. */
  readonly reason: string;
}

/** What commands that were killed have left; `down` and the next `up` of the name take it away. */
export function remains(): readonly Remains[] {
  return namesToTakeDown().flatMap((name): readonly Remains[] => {
    const state = readState(name);
    if (state === undefined && readFrontState(name) === undefined && !isLocked(name)) {
      return [{ name, state: 'remains', reason: 'its record is missing or damaged' }];
    }
    return state !== undefined && isOrphaned(state)
      ? [
          {
            name,
            state: 'remains',
            reason: `the command that it was to end with, process ${state.owner!.pid}, was killed`,
          },
        ]
      : [];
  });
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
  try {
    removeState(name);
  } catch (error) {
    throw new LocalFailure(`all processes of cell ${name} have ended; its files stay: ${(error as Error).message}`);
  }
}
