/** A cell on this machine, as operations see it. */
import { deriveCell } from '../../fleet/derive/cell.ts';
import type { CellPort } from '../../operations/cell-port.ts';
import { rememberCustomers } from './customers.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import { isAlive } from './processes.ts';
import { isActive } from './service-notes.ts';
import { exclusively, requireState } from './state.ts';
import { checkedStatus } from './status.ts';

/** @throws LocalFailure when the cell is not up */
export function localCell(cell: string): CellPort {
  requireState(cell);
  return {
    cell,

    exclusively: (_operation, work) => exclusively(cell, work),

    async sbcs() {
      const { spec, namespaces } = requireState(cell);
      const names = deriveCell(spec).sbcs.map(({ name }) => name);
      const alive = names.filter((name) => namespaces[name] !== undefined && isAlive(namespaces[name].init));
      const active = alive.find((name) => isActive(cell, name));
      if (active === undefined) throw new LocalFailure(`cell ${cell} has no active SBC`);
      return [active, ...alive.filter((name) => name !== active)];
    },

    async run(host, { does, argv, input }) {
      const namespace = requireState(cell).namespaces[host];
      if (namespace === undefined || !isAlive(namespace.init)) {
        throw new LocalFailure(`host ${host} of cell ${cell} is not up, so it does not ${does}`);
      }
      const { status, stdout, stderr } = await runInside(namespace.init, argv, {
        ...(input === undefined ? {} : { input }),
      });
      if (status !== 0) {
        throw new LocalFailure(`host ${host} of cell ${cell} does not ${does}: ${(stderr || stdout).trim()}`);
      }
      return stdout;
    },

    async troubles() {
      const { hosts } = await checkedStatus(cell);
      return hosts
        .filter(({ state }) => state !== 'ready')
        .map(({ name, state, reason }) => `${name} is ${state}${reason === undefined ? '' : `: ${reason}`}`);
    },

    noteCustomers: (customers) => rememberCustomers(cell, customers),
  };
}

/** Works while no other roll-out does on the cell, which need not be up. @throws LocalFailure that names the owner, when another does */
export function exclusiveRollout<T>(cell: string, work: () => Promise<T>): Promise<T> {
  return exclusively(`rollout-${cell}`, work);
}
