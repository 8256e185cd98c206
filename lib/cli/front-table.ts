import type { FrontStatus } from '../local/front/index.ts';
import { formatTable } from './output.ts';

/** Calls that are listed one by one; of more only the sums are told. */
const listedCalls = 20;

/** A running front: its edges, and which edge and cell hold which calls. */
export function formatFrontStatus({ name, state, serviceAddress, routing, edges, cells, calls }: FrontStatus): string {
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
    .map((call) => [call.callId, call.tenant, call.cell, call.edges.join(', ') || 'none']);
  return [
    head,
    '',
    formatTable(['edge', 'address', 'state', 'new traffic', 'calls', 'transactions'], rows),
    ...(calls.length === 0 ? [] : ['', formatTable(['call', 'tenant', 'cell', 'edges'], listed)]),
    ...(calls.length > listedCalls ? [`and ${calls.length - listedCalls} calls more`] : []),
  ].join('\n');
}
