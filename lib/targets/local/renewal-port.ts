/** The hosts of a cell on this machine as an operation recreates them, one at a time. */
import { internalPorts } from '../../fleet/schema/fixed.ts';
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import type { RenewPort } from '../../operations/renew.ts';
import { localCell } from './cell-port.ts';
import { changesOf } from './changes.ts';
import type { NamespacePlan } from './host-plan.ts';
import { makeNamespaces, type Making } from './make.ts';
import { runInside } from './namespace.ts';
import { isAlive, kill } from './processes.ts';
import { requireState } from './state.ts';
import { checkedStatus } from './status.ts';

/** @param plans what every host of the cell is to be made of */
export function renewalPort(
  cell: Cell,
  plans: readonly NamespacePlan[],
  { onProgress, dieWithParent = false }: Making,
): RenewPort {
  const { name: cellName } = cell;
  return {
    ...localCell(cellName),

    async outdated() {
      const { namespaces } = requireState(cellName);
      const isUp = (name: string) => namespaces[name] !== undefined && isAlive(namespaces[name].init);
      const { make, renew } = changesOf(namespaces, plans, isUp);
      return [...make, ...renew].filter((name) => /^(media|sbc)-/.test(name));
    },

    async renew(host) {
      const state = requireState(cellName);
      const plan = plans.find(({ name }) => name === host)!;
      const { [host]: before, ...others } = state.namespaces;
      if (before !== undefined) kill(before.init);
      const awaited = plans.filter(({ name }) => name === host || plan.after.includes(name));
      // To its end, whatever is aborted: half a host is of no use to the others.
      await makeNamespaces(cell, { ...state, namespaces: others }, { network: [], wanted: [plan] }, awaited, {
        dieWithParent,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    },

    async faults() {
      const { hosts } = await checkedStatus(cellName);
      return new Map(
        hosts
          .filter(({ state }) => state !== 'ready')
          .map(({ name, state, reason }) => [name, `is ${state}${reason === undefined ? '' : ` (${reason})`}`]),
      );
    },

    async lostCalls() {
      const counted = await Promise.all(
        cell.sbcs.map(async (sbc) => [sbc.name, endedIn(await metricsPage(cellName, sbc), 'media_lost')] as const),
      );
      return new Map(counted);
    },
  };
}

/** What an SBC counts; empty while it does not say. */
export async function metricsPage(cell: string, { name, address }: SbcHost): Promise<string> {
  const namespace = requireState(cell).namespaces[name];
  if (namespace === undefined || !isAlive(namespace.init)) return '';
  const script = `exec 3<>/dev/tcp/${address}/${internalPorts.sbcMetrics} && printf 'GET /metrics HTTP/1.0\\r\\nHost: ${address}:${internalPorts.sbcMetrics}\\r\\n\\r\\n' >&3 && cat <&3`;
  return (await runInside(namespace.init, ['timeout', '5', 'bash', '-c', script])).stdout;
}

/** Calls that have ended for a reason, from such a page. */
export function endedIn(page: string, reason: string): number {
  return Number(new RegExp(`^cellstamp_sbc_ended_total\\{reason="${reason}"\\} (\\d+)`, 'm').exec(page)?.[1] ?? 0);
}
