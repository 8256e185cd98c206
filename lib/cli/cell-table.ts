import type { CellStatus, HostStatus } from '../targets/local/index.ts';
import { formatTable } from './output.ts';

/** A running cell: its hosts, their addresses and state, and why one is not ready. */
export function formatStatus(status: CellStatus): string {
  const head = `cell ${status.name}: ${status.state}, network ${status.network}, called at ${status.floatingAddress}`;
  const rows = status.hosts.map((host) => [
    host.name,
    host.address,
    publicAddress(host),
    stateOf(host),
    host.work === undefined ? '-' : String(host.work.calls),
    probeOf(host),
    servicesReady(host),
  ]);
  const said = [
    ...status.hosts.flatMap(({ name, work }) =>
      work?.relayAt === undefined ? [] : [`the relay of ${name} is at ${work.relayAt}`],
    ),
    ...status.hosts.flatMap((host) => hostFaults(host, `up ${status.name}`)),
  ];
  return [
    head,
    '',
    formatTable(['host', 'address', 'public', 'state', 'calls', 'probe', 'services'], rows),
    ...(status.exposure === undefined
      ? []
      : [
          '',
          `Phones of this machine reach it at ${status.exposure.sipAddress}, from ${status.exposure.machineAddress} (interface ${status.exposure.interface}).`,
          ...(status.exposure.lanAddress === undefined
            ? []
            : [`Phones of the local network reach it at ${status.exposure.lanAddress}.`]),
        ]),
    ...(said.length === 0 ? [] : ['', ...said]),
    ...(status.notes.length === 0 ? [] : ['', ...status.notes]),
  ].join('\n');
}

function stateOf(host: HostStatus): string {
  const part = [...(host.active === true ? ['active'] : []), ...(host.primary === true ? ['primary'] : [])];
  return [host.state, ...part, ...(host.work?.drained === true ? ['drained'] : [])].join(', ');
}

/** The last result of the cell's probe; `out`: it has taken the host out of service. */
function probeOf({ probe }: HostStatus): string {
  if (probe === undefined) return '-';
  if (!probe.inService) return 'out';
  return probe.good ? 'good' : 'fault';
}

/** Where its work is that somebody has taken off a host, or that its neighbour has taken over. */
export function planned({ work }: Pick<HostStatus, 'work'>): readonly string[] {
  return [
    ...(work?.drained === true ? ['drained'] : []),
    ...(work?.relayAt === undefined ? [] : [`relay at ${work.relayAt}`]),
  ];
}

function publicAddress({ publicAddress: address, active }: HostStatus): string {
  // The standby SBC would take the address over.
  return address === undefined || active === false ? '-' : address;
}

type Host = Pick<HostStatus, 'name' | 'state' | 'reason' | 'services'>;

export function servicesReady({ state, services }: Host): string {
  const there = services.filter((service) => service.state !== 'absent');
  const ready = state === 'dead' ? [] : there.filter((service) => ['ready', 'finished'].includes(service.state));
  return `${ready.length} of ${there.length}`;
}

/**
 * What is not well on a host, a line each: which service, and why.
 * @param up `up example`: the command that recreates it
 */
export function hostFaults({ name, state, reason, services }: Host, up: string): readonly string[] {
  if (state === 'dead') return [`${name} is dead; "npx cellstamp ${up}" recreates it`];
  return [
    ...(reason === undefined ? [] : [`${name}: ${reason}`]),
    ...services
      .filter((service) => !['ready', 'finished', 'held', 'absent'].includes(service.state))
      .map(
        (service) =>
          `${service.name} on ${name} is ${service.state}${service.reason === undefined ? '' : `: ${service.reason}`}`,
      ),
  ];
}
