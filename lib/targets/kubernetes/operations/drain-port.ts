/** The media hosts of a cell on Kubernetes, as `drain` and `undrain` see them. */
import { OperationFailure } from '../../../operations/failure.ts';
import type { DrainPort } from '../../../operations/drain.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { cellOnNodes } from '../cell-on-nodes.ts';
import { kubernetesCell, type OnKubernetesOptions } from './cell-port.ts';

export function drainableCell(spec: CellSpec, options: OnKubernetesOptions = {}): DrainPort {
  const cell = cellOnNodes(spec);
  const port = kubernetesCell(spec, options);
  const onlyMedia = () =>
    Promise.reject(new OperationFailure(`on Kubernetes only media hosts of cell ${cell.name} are drained`, 2));
  return {
    ...port,

    async hosts() {
      const [active] = await port.sbcs();
      const ready = await port.readyHosts();
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
          ...{ kind: 'sbc' as const, name, number, isUp: ready.has(name) },
          ...{ isActive: name === active, isWithdrawn: false },
        })),
      ];
    },

    standsBy: onlyMedia,
    withdraw: onlyMedia,
    readmit: onlyMedia,

    // No drain is a part of something else here.
    renewing: () => undefined,
    noteRenewing: () => undefined,
  };
}
