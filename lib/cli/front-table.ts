import { counted } from '../config-file/counted.ts';
import type { FrontStatus } from '../targets/local/front/index.ts';
import { hostFaults } from './cell-table.ts';
import { formatTable } from './output.ts';

/** Calls that are listed one by one; of more only the sums are shown. */
const listedCalls = 20;

/** A running front: its edges, and which edge and cell hold which calls. */
export function formatFrontStatus(front: FrontStatus): string {
  const { name, state, serviceAddress, routing, edges, around, cells, calls, silentCells } = front;
  const head = `front ${name}: ${state}, called at ${serviceAddress}, routes by ${routing}, cells ${cells.join(', ')}`;
  const rows = edges.map((edge) => [
    edge.name,
    edge.publicAddress,
    edge.state,
    edge.healthy ? 'takes calls' : edge.draining ? 'drains' : 'takes none',
    edge.calls === null ? '-' : String(edge.calls.length),
    edge.transactions === null ? '-' : String(edge.transactions),
  ]);
  const listed = calls
    .slice(0, listedCalls)
    .map((call) => [call.callId, call.tenant, call.cell, call.edges.join('\n') || 'none']);
  const faults = [
    ...[...edges, ...around].flatMap((host) => hostFaults(host, 'up --front')),
    ...edges
      .filter((edge) => edge.state === 'ready' && !edge.healthy)
      .map((edge) => `${edge.name} fails its health check`),
    ...silentCells.map((cell) => `cell ${cell} does not tell its calls`),
  ];
  return [
    head,
    '',
    formatTable(['edge', 'address', 'state', 'new traffic', 'calls', 'transactions'], rows),
    ...(faults.length === 0 ? [] : ['', ...faults]),
    ...(calls.length === 0 ? [] : ['', formatTable(['call', 'tenant', 'cell', 'edges'], listed)]),
    ...(calls.length > listedCalls ? [`and ${counted(calls.length - listedCalls, 'call')} more`] : []),
  ].join('\n');
}
