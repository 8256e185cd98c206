/** The media hosts and SBCs of a cell on Kubernetes, as `drain` and `undrain` see them. */
import type { DrainPort } from '../../../operations/drain.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { cellOnNodes } from '../cell-on-nodes.ts';
import { kubernetesCell, type OnKubernetesOptions } from './cell-port.ts';

export function drainableCell(spec: CellSpec, options: OnKubernetesOptions = {}): DrainPort {
  const cell = cellOnNodes(spec);
  const port = kubernetesCell(spec, options);
  return {
    ...port,

    async hosts() {
      const answering = await port.sbcs();
      const [active] = answering;
      const ready = await port.readyHosts();
      const withdrawn = new Map(
        await Promise.all(answering.map(async (sbc) => [sbc, await port.isWithdrawn(sbc)] as const)),
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
          ...{ kind: 'sbc' as const, name, number, isUp: withdrawn.has(name) },
          ...{ isActive: name === active, isWithdrawn: withdrawn.get(name) ?? false },
        })),
      ];
    },

    // No drain is a part of something else here.
    renewing: () => undefined,
    noteRenewing: () => undefined,
  };
}
