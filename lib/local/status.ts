import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveCell, type Cell, type Role } from '../cell/cell.ts';
import { hostConfig } from '../software/cell-host.ts';
import { floatingAddress, publicAddress } from './addresses.ts';
import { isFreeswitch } from './host-plan.ts';
import { isAlive } from './processes.ts';
import { environment } from './run.ts';
import { cellNames, hostFolder, readState, requireState, type CellState } from './state.ts';

export interface ServiceStatus {
  readonly name: string;
  /** `ready` and `finished` are good; `absent` when its program is not on this machine. */
  readonly state: 'waiting' | 'starting' | 'ready' | 'finished' | 'failed' | 'absent';
  /** How often it was started. */
  readonly starts: number;
  /** Why it failed. */
  readonly reason?: string;
}

export interface HostStatus {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** On an SBC the floating address, which only the active one has. */
  readonly publicAddress?: string;
  /** dead: its process 1 is gone. */
  readonly state: 'ready' | 'starting' | 'failed' | 'dead';
  /** Whether an SBC holds the floating addresses. */
  readonly active?: boolean;
  readonly services: readonly ServiceStatus[];
}

export interface CellStatus {
  readonly name: string;
  /** running: every host is ready and an SBC is active. */
  readonly state: 'running' | 'degraded';
  readonly network: string;
  readonly publicNetwork: string;
  /** Where callers and carriers reach the cell. */
  readonly floatingAddress: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly hosts: readonly HostStatus[];
  /** What this machine does not do as a cloud host would. Whole sentences. */
  readonly notes: readonly string[];
}

/** How a cell is. @throws LocalFailure when it is not up. */
export function status(name: string): CellStatus {
  return statusOf(requireState(name));
}

/** How all cells of this machine are, by name. */
export function list(): readonly CellStatus[] {
  return cellNames()
    .map((name) => readState(name))
    .filter((state) => state !== undefined)
    .map(statusOf);
}

/** Whether this machine has FreeSWITCH, which Debian does not. */
export function hasFreeswitch(): boolean {
  return environment.PATH.split(':').some((folder) => folder !== '' && existsSync(join(folder, 'freeswitch')));
}

function statusOf(state: CellState): CellStatus {
  const cell = deriveCell(state.spec);
  const hosts = cell.hosts.map((host): HostStatus => {
    const services = servicesOf(cell, host.name);
    const namespace = state.namespaces[host.name];
    const shown = publicAddress(state.publicNetwork, host);
    return {
      name: host.name,
      role: host.role,
      address: host.address,
      ...(shown === undefined ? {} : { publicAddress: shown }),
      state: namespace && isAlive(namespace.init) ? summary(services) : 'dead',
      ...(host.role === 'sbc'
        ? { active: isActive(state.name, host.name) && namespace !== undefined && isAlive(namespace.init) }
        : {}),
      services,
    };
  });
  const running = hosts.every((host) => host.state === 'ready') && hosts.some((host) => host.active);
  return {
    name: state.name,
    state: running ? 'running' : 'degraded',
    network: state.spec.network,
    publicNetwork: state.publicNetwork,
    floatingAddress: floatingAddress(state.publicNetwork),
    startedAt: state.startedAt,
    hosts,
    notes: notes(cell),
  };
}

function summary(services: readonly ServiceStatus[]): HostStatus['state'] {
  if (services.some((service) => service.state === 'failed')) return 'failed';
  return services.every((service) => ['ready', 'finished', 'absent'].includes(service.state)) ? 'ready' : 'starting';
}

function servicesOf(cell: Cell, hostName: string): readonly ServiceStatus[] {
  const host = cell.hosts.find((candidate) => candidate.name === hostName)!;
  const here = hasFreeswitch();
  return hostConfig(cell, host)
    .services.filter((service) => service.phase === 'run')
    .map(({ name }) =>
      isFreeswitch({ name }) && !here ? { name, state: 'absent', starts: 0 } : readService(cell.name, hostName, name),
    );
}

/** One service as its supervisor last wrote it. */
export function readService(cell: string, host: string, service: string): ServiceStatus {
  const words = serviceLine(cell, host, service).split(' ');
  const [state = '', , starts = '0', ...reason] = words;
  return {
    name: service,
    state: (['starting', 'ready', 'finished', 'failed'] as const).find((known) => known === state) ?? 'waiting',
    starts: Number(starts),
    ...(reason.join(' ') === '' ? {} : { reason: reason.join(' ') }),
  };
}

/** Whether an SBC has taken the floating addresses. */
export function isActive(cell: string, host: string): boolean {
  return serviceLine(cell, host, 'vrrp-state') === 'MASTER';
}

function serviceLine(cell: string, host: string, service: string): string {
  try {
    return readFileSync(join(hostFolder(cell, host), 'services', service), 'utf8').trim();
  } catch {
    return '';
  }
}

function notes(cell: Cell): readonly string[] {
  const { kernelForwarding } = cell.spec.media;
  const module = existsSync('/proc/rtpengine/control');
  const byName = cell.spec.trunks.filter(({ address }) => !/^[\d.]+$/.test(address)).map(({ name }) => name);
  return [
    ...(byName.length === 0
      ? []
      : [`A cell on this machine has no name server: carriers given by name are not reached (${byName.join(', ')}).`]),
    ...(hasFreeswitch()
      ? []
      : ['FreeSWITCH is not on this machine (Debian does not have it): calls to features get 480.']),
    ...(kernelForwarding === 'preferred' && !module
      ? ['The kernel has no module xt_RTPENGINE: rtpengine relays in userspace.']
      : []),
    ...(kernelForwarding === 'required' && !module
      ? [
          'The kernel has no module xt_RTPENGINE, and media.kernelForwarding is required: rtpengine does not start. Set it to preferred for this machine.',
        ]
      : []),
  ];
}
