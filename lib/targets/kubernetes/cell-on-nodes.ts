import { deriveCell, type Cell } from '../../fleet/derive/cell.ts';
import type { CellSpec } from '../../fleet/schema/cell-types.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';

/**
 * The cell as its nodes carry it: hosts learn their addresses at their start. Decided are the SBCs' own sides of the floating address and the
 * private addresses of relays that move. The sides never leave their node, and the relays are reached by routes that each host sets; nothing
 * else on the link may have them.
 */
export function cellOnNodes(spec: CellSpec): Cell {
  const { mediaAddresses } = kubernetesOf(spec);
  const cell = deriveCell(spec, mediaAddresses === undefined ? 'late' : 'late-movable');
  const decided = deriveCell(spec).sbcs;
  const [first, second] = cell.sbcs;
  return {
    ...cell,
    sbcs: [
      { ...first, floatingSide: decided[0].floatingSide },
      { ...second, floatingSide: decided[1].floatingSide },
    ],
  };
}
