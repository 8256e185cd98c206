import type { CellStatus, HostStatus, ServiceStatus } from '../local/index.ts';
import { formatTable } from './output.ts';

/** A running cell: its hosts, addresses, services and state. */
export function formatStatus(status: CellStatus): string {
  const head = `cell ${status.name}: ${status.state}, network ${status.network}, called at ${status.floatingAddress}`;
  const rows = status.hosts.map((host) => [
    host.name,
    host.address,
    publicAddress(host),
    host.active === true ? `${host.state}, active` : host.state,
    host.services
      .map(({ name, state, reason }) =>
        good(state) ? name : `${name} ${state}${reason === undefined ? '' : ` (${reason})`}`,
      )
      .join(', '),
  ]);
  return [head, '', formatTable(['host', 'address', 'public', 'state', 'services'], rows), ...notes(status)].join('\n');
}

function publicAddress({ publicAddress: address, active }: HostStatus): string {
  // The standby SBC would take the address over.
  return address === undefined || active === false ? '-' : address;
}

function good(state: ServiceStatus['state']): boolean {
  return state === 'ready' || state === 'finished';
}

function notes(status: CellStatus): readonly string[] {
  return status.notes.length === 0 ? [] : ['', ...status.notes];
}
