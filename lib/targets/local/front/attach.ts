/** Cells on the small internet: a link between a cell's outside and a region's router, and the edges in the cell's tables. */
import { deriveCell } from '../../../fleet/derive/cell.ts';
import type { EdgeKeys } from '../../../fleet/edge-keys.ts';
import type { Front } from '../../../fleet/derive/front.ts';
import { edgeCalls, edgesSql } from '../../../software/kamailio/sbc/edges.ts';
import { frontRange } from '../addresses.ts';
import { callKamailio, queryDatabase } from '../cell-data.ts';
import { LocalFailure } from '../failure.ts';
import { runInNetwork } from '../namespace.ts';
import type { CellState } from '../state.ts';
import { cellLink, regionOfCell, routerName } from './internet.ts';
import { frontProcess, type FrontState } from './state.ts';

/** All public networks of cells: see `../addresses.ts`. */
const cellsRange = '198.18.0.0/16';

/** Does nothing where the link is there. @param index of the cell within the front, from 0 */
export async function attachCell(front: Front, state: FrontState, index: number, cell: CellState): Promise<void> {
  const router = frontProcess(state, routerName(regionOfCell(front, index)));
  const outside = cell.namespaces['outside']!.init;
  const link = cellLink(index);
  const there = await Promise.all([
    runInNetwork(router, ['ip', 'link', 'show', 'dev', link.name]),
    runInNetwork(outside, ['ip', 'link', 'show', 'dev', 'front']),
  ]);
  if (there.every(({ status }) => status === 0)) return;

  // Half a link is that of a front or a cell that is gone.
  await runInNetwork(router, ['ip', 'link', 'delete', link.name]);
  await runInNetwork(outside, ['ip', 'link', 'delete', 'front']);
  await batch(router, cell.name, [
    `link add name ${link.name} type veth peer name front netns ${outside.pid}`,
    `link set dev ${link.name} up`,
    `address add ${link.router}/30 dev ${link.name}`,
    `route replace ${cell.publicNetwork} via ${link.outside}`,
  ]);
  await batch(outside, cell.name, [
    'link set dev front up',
    `address add ${link.outside}/30 dev front`,
    `route replace ${frontRange} via ${link.router}`,
    `route replace ${cellsRange} via ${link.router}`,
  ]);
  await runInNetwork(outside, ['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
}

async function batch(init: Parameters<typeof runInNetwork>[0], cell: string, lines: readonly string[]): Promise<void> {
  const { status, stderr } = await runInNetwork(init, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  if (status !== 0) throw new LocalFailure(`cell ${cell} can't be attached to the front: ${stderr.trim()}`);
}

/** Makes both SBCs take requests from these edges and no others, with proofs under these keys. Nothing restarts. */
export async function tellCellOfEdges(state: CellState, edges: readonly string[], keys: EdgeKeys): Promise<void> {
  const before = await queryDatabase(state, 'SELECT host(address) FROM cellstamp.edges ORDER BY address;');
  await queryDatabase(state, edgesSql(edges, keys));
  const calls = edgeCalls(before, edges);
  await Promise.all(deriveCell(state.spec).sbcs.map((sbc) => callKamailio(state, sbc.name, calls)));
}
