/** The media hosts and SBCs of a cell on Kubernetes, as `drain` and `undrain` see them. */
import type { DrainPort } from '../../../operations/drain.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { cellOnNodes } from '../cell-on-nodes.ts';
import { cellName, hostLabels, nodeHosts } from '../names.ts';
import { kubernetesCell, type CellOnKubernetes, type OnKubernetesOptions } from './cell-port.ts';

export const drainableCell = (spec: CellSpec, options: OnKubernetesOptions = {}): DrainPort =>
  drainOver(kubernetesCell(spec, options), spec);

export function drainOver(port: CellOnKubernetes, spec: CellSpec): DrainPort {
  const cell = cellOnNodes(spec);
  return {
    ...port,

    async hosts() {
      // None need be active: a drained SBC returns also when the other one is dead.
      const states = await port.states();
      const ready = await port.readyHosts();
      const sbcs = new Map(
        await Promise.all(
          states.map(async ({ name, active, silence }) => {
            const isWithdrawn = silence === undefined && (await port.isWithdrawn(name));
            return [name, { isActive: active, isWithdrawn }] as const;
          }),
        ),
      );
      return [
        ...cell.media.map(({ name, number, guest }) => {
          const neighbour = cell.media.find((other) => other.guest === number)?.name;
          return {
            ...{ kind: 'media' as const, name, number, isUp: ready.has(name) },
            hasFreeswitch: ready.get(name)?.includes('freeswitch') ?? false,
            ...(neighbour === undefined ? {} : { neighbour }),
            ...(guest === undefined ? {} : { guest }),
          };
        }),
        ...cell.sbcs.map(({ name, number }) => ({
          // One that is drained, or has no database, is not ready.
          ...{ kind: 'sbc' as const, name, number, isUp: sbcs.has(name) },
          ...(sbcs.get(name) ?? { isActive: false, isWithdrawn: false }),
        })),
      ];
    },

    revival(host) {
      const labels = hostLabels(
        cell,
        nodeHosts(cell).find(({ name }) => name === host)!,
      );
      const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
      return `repair its node, or give the node’s labels to another one; \`kubectl -n ${cellName(cell)} describe pod --selector=${selector.join(',')}\` tells what is wrong`;
    },

    // No drain is a part of something else here.
    renewing: () => undefined,
    noteRenewing: () => undefined,
  };
}
