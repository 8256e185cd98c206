import { readFileSync } from 'node:fs';
import { networkNamespace, processesInNetworks } from './processes.ts';
import { requireState } from './state.ts';

/** Clock ticks a second in what the kernel tells of processes, on every architecture (proc(5), USER_HZ). */
const TICKS = 100;

/**
 * Processor time so far, in seconds, of the processes of a program on a host of a running cell, all their threads included.
 *
 * @param program its name as the kernel knows it, such as `kamailio`
 * @throws LocalFailure when the cell is not up
 */
export function processorSeconds(cell: string, host: string, program: string): number {
  const namespace = requireState(cell).namespaces[host];
  const network = namespace && networkNamespace(namespace.init.pid);
  if (network === undefined) return 0;
  let ticks = 0;
  for (const { pid } of processesInNetworks(new Set([network]))) {
    try {
      const [, name, rest] = /^\d+ \((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
      if (name !== program) continue;
      // Fields 14 and 15, in user and in kernel mode; the state here is number 3.
      const fields = rest!.split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended in between.
    }
  }
  return ticks / TICKS;
}
