/** A cell on this machine, as operations see it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deriveCell, type MediaHost } from '../../fleet/derive/cell.ts';
import type { DrainPort, MediaHostOfCell, Renewing, SbcOfCell } from '../../operations/drain.ts';
import { probeFaults } from '../../operations/probes.ts';
import { callKamailio } from './cell-data.ts';
import { rememberCustomers } from './customers.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import { isAlive } from './processes.ts';
import { isActive, isBackup } from './service-notes.ts';
import { cellFolder, exclusively, replaceFile, requireState, type CellState, type Namespace } from './state.ts';
import { checkedStatus, hasFreeswitch, status } from './status.ts';
import { isWithdrawn, readmit, withdraw } from './withdrawal.ts';

/** @throws LocalFailure when the cell is not up */
export function localCell(cell: string): DrainPort {
  requireState(cell);
  const note = join(cellFolder(cell), 'renewing');
  const port: DrainPort = {
    cell,

    exclusively: (operation, work) => exclusively(cell, work, { operation }),

    async sbcs() {
      const { spec, namespaces } = requireState(cell);
      const names = deriveCell(spec).sbcs.map(({ name }) => name);
      const alive = names.filter((name) => namespaces[name] !== undefined && isAlive(namespaces[name].init));
      const active = alive.find((name) => isActive(cell, name));
      if (active === undefined) throw new LocalFailure(`cell ${cell} has no active SBC`);
      return [active, ...alive.filter((name) => name !== active)];
    },

    hosts: async () => hostsOf(requireState(cell)),

    async standsBy(sbc) {
      const host = status(cell).hosts.find(({ name }) => name === sbc)!;
      if (host.state !== 'ready' || !isBackup(cell, sbc)) return false;
      const [synced] = await callKamailio(requireState(cell), sbc, [{ method: 'pv.shvGet', params: ['synced'] }]);
      return (synced as { readonly value?: unknown } | undefined)?.value === 1;
    },

    withdraw: (sbc) => withdraw(cell, sbc),

    readmit: async (sbc) => readmit(cell, sbc),

    revival: () => `\`npx cellstamp up ${cell}\` recreates it`,

    renewing: () => (existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as Renewing) : undefined),

    noteRenewing(renewing) {
      if (renewing === undefined) rmSync(note, { force: true });
      else replaceFile(note, JSON.stringify(renewing));
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
      return [
        ...hosts
          .filter(({ state }) => state !== 'ready')
          .map(({ name, state, reason }) => `${name} is ${state}${reason === undefined ? '' : `: ${reason}`}`),
        ...(await probeFaults(port, await port.sbcs())).values(),
      ];
    },

    noteCustomers: (customers) => rememberCustomers(cell, customers),
  };
  return port;
}

function hostsOf({ name: cell, spec, namespaces }: CellState): readonly (MediaHostOfCell | SbcOfCell)[] {
  const { media, sbcs } = deriveCell(spec, 'movable');
  const isUp = (name: string) => namespaces[name] !== undefined && isAlive(namespaces[name].init);
  return [
    ...media.map((host): MediaHostOfCell => {
      const { name, number, guest } = host;
      const neighbour = neighbourOf(namespaces, media, host);
      return {
        ...{ kind: 'media', name, number, isUp: isUp(name), hasFreeswitch: hasFreeswitch() },
        ...(neighbour === undefined ? {} : { neighbour }),
        ...guestOf(namespaces[name], guest),
      };
    }),
    ...sbcs.map(({ name, number }): SbcOfCell => {
      const up = isUp(name);
      return {
        ...{ kind: 'sbc', name, number, isUp: up },
        ...{ isActive: up && isActive(cell, name), isWithdrawn: isWithdrawn(cell, name) },
      };
    }),
  ];
}

/** The media host whose relay a host takes: what it was made for. */
function guestOf(made: Namespace | undefined, wanted: number | undefined): Pick<MediaHostOfCell, 'guest'> {
  const guest = made === undefined ? wanted : made.ring?.guest;
  return guest === undefined ? {} : { guest };
}

/**
 * The host that takes a relay with its calls. In a cell whose media hosts have become others the two may have been made from different
 * definitions: then the relay stays.
 */
function neighbourOf(
  namespaces: CellState['namespaces'],
  media: readonly MediaHost[],
  host: MediaHost,
): string | undefined {
  const wanted = media.find(({ guest }) => guest === host.number);
  const made = namespaces[host.name];
  const name = made === undefined ? wanted?.name : made.ring?.neighbour;
  if (name === undefined) return undefined;
  const guest = namespaces[name] === undefined ? wanted?.guest : namespaces[name].ring?.guest;
  return guest === host.number ? name : undefined;
}

/** Works while no other roll-out does on the cell, which need not be up. @throws LocalFailure that names the owner, when another does */
export function exclusiveRollout<T>(cell: string, work: () => Promise<T>): Promise<T> {
  return exclusively(`rollout-${cell}`, work, { operation: 'rollout' });
}
