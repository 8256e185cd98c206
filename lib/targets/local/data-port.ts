/** The data hosts of a cell on this machine, as an operation sees them. */
import { deriveCell, type DataHost } from '../../fleet/derive/cell.ts';
import type { DataPort } from '../../operations/promote.ts';
import { localCell } from './cell-port.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import { appoint, dataHosts, primaryOf, withdraw } from './primaries.ts';
import { isAlive } from './processes.ts';
import { servicePid } from './service-notes.ts';
import { requireState } from './state.ts';

const serviceOf = { database: 'postgresql', redis: 'redis' } as const;

/** @throws LocalFailure when the cell is not up */
export function localDataHosts(cell: string): DataPort {
  const host = (name: string): DataHost =>
    dataHosts(deriveCell(requireState(cell).spec, 'movable')).find((one) => one.name === name)!;
  return {
    ...localCell(cell),

    dataHosts() {
      const state = requireState(cell);
      return dataHosts(deriveCell(state.spec, 'movable')).map(({ name, role, address }) => {
        const namespace = state.namespaces[name];
        return {
          name,
          role,
          address,
          isPrimary: primaryOf(state, role) === name,
          isUp: namespace !== undefined && isAlive(namespace.init),
        };
      });
    },

    withdraw: (name) => withdraw(requireState(cell), host(name)),

    async end(name) {
      const service = serviceOf[host(name).role];
      const pid = servicePid(cell, name, service);
      const namespace = requireState(cell).namespaces[name];
      if (namespace === undefined || pid === undefined || !isAlive(namespace.init)) return;
      // Its process group: a service has a session of its own. A process that is stopped ends, too.
      const killed = await runInside(namespace.init, ['kill', '-KILL', '--', `-${pid}`]);
      if (killed.status !== 0 && !killed.stderr.includes('No such process')) {
        throw new LocalFailure(`${service} on ${name} of cell ${cell} does not end: ${killed.stderr.trim()}`);
      }
    },

    appoint: (name) => appoint(requireState(cell), host(name)),
  };
}
