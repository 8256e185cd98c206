import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell, type Cell, type Role } from '../../fleet/derive/cell.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { ping } from '../../software/rtpengine/ping.ts';
import { floatingAddress, gatewayAddress, publicAddress } from './addresses.ts';
import { exposureOf, type Exposure } from './expose.ts';
import { hostsHealth, type HostHealth } from './health.ts';
import { isFreeswitch } from './host-plan.ts';
import { primaryOf } from './primaries.ts';
import { probedHosts, type HostProbe } from './probe.ts';
import { isAlive } from './processes.ts';
import { environment } from './run.ts';
import { isFull } from './room.ts';
import { hasNote, isActive, readService, type ServiceStatus } from './service-notes.ts';
import { cellNames, isOrphaned, readState, requireState, stateRoot, type CellState } from './state.ts';
import { workOf, type HostWork } from './work.ts';

export interface HostStatus {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** On an SBC the floating address, which only the active one has. */
  readonly publicAddress?: string;
  /** dead: its process 1 is gone. faulty: it is cut off, or a service of it runs and does not do its work. */
  readonly state: 'ready' | 'starting' | 'faulty' | 'failed' | 'dead';
  /** Why the host as a whole is faulty. */
  readonly reason?: string;
  /** Whether an SBC holds the floating addresses. */
  readonly active?: boolean;
  /** Whether a data host is the primary. */
  readonly primary?: boolean;
  /** What it does for calls; absent on data hosts, and where no SBC tells. */
  readonly work?: HostWork;
  /** What the cell's probe has found last; absent on data hosts, on what it does not call, and where it is off. */
  readonly probe?: HostProbe;
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
  /** How phones of this machine reach it; absent: they don't. */
  readonly exposure?: Exposure;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly hosts: readonly HostStatus[];
  /** What this machine does not do as a cloud host would, or can't do now. Whole sentences. */
  readonly notes: readonly string[];
}

/**
 * What the supervisors of a cell's hosts say. They see that a process is there, not whether it does its work: see `checkedStatus`.
 * @throws LocalFailure when it is not up
 */
export function status(name: string): CellStatus {
  return statusOf(requireState(name));
}

/** What supervisors say of all cells of this machine, by name. */
export function list(): readonly CellStatus[] {
  return states().map(statusOf);
}

/**
 * How a cell is: every service has been asked for its work.
 * @throws LocalFailure when it is not up
 */
export function checkedStatus(name: string): Promise<CellStatus> {
  return checked(requireState(name));
}

/** How the cells of this machine are, by name. @param name the only one that is meant; all by default */
export async function checkedList(name?: string): Promise<readonly CellStatus[]> {
  const found: CellStatus[] = [];
  // One after another: each alone keeps all processors busy.
  for (const state of states().filter((each) => name === undefined || each.name === name)) {
    found.push(await checked(state));
  }
  return found;
}

/** How a cell is as soon as it is well; how it is after some seconds in any case: what has just started may not work at once. */
export async function settledStatus(name: string): Promise<CellStatus> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await checked(requireState(name));
    if (found.state === 'running' || Date.now() > deadline) return found;
    await sleep(200);
  }
}

function states(): readonly CellState[] {
  return cellNames()
    .flatMap((name) => readState(name) ?? [])
    .filter((state) => !isOrphaned(state));
}

/** Whether this machine has FreeSWITCH, which Debian does not. */
export function hasFreeswitch(): boolean {
  return environment.PATH.split(':').some((folder) => folder !== '' && existsSync(join(folder, 'freeswitch')));
}

function statusOf(state: CellState): CellStatus {
  const cell = deriveCell(state.spec, 'movable');
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
      ...(host.role === 'database' || host.role === 'redis'
        ? { primary: primaryOf(state, host.role) === host.name }
        : {}),
      services,
    };
  });
  const exposure = exposureOf(state);
  return {
    name: state.name,
    state: cellState(hosts),
    network: state.spec.network,
    publicNetwork: state.publicNetwork,
    floatingAddress: floatingAddress(state.publicNetwork),
    ...(exposure === undefined ? {} : { exposure }),
    startedAt: state.startedAt,
    hosts,
    notes: notes(cell),
  };
}

function cellState(hosts: readonly HostStatus[]): CellStatus['state'] {
  const running = hosts.every((host) => host.state === 'ready') && hosts.some((host) => host.active);
  return running ? 'running' : 'degraded';
}

async function checked(state: CellState): Promise<CellStatus> {
  const said = statusOf(state);
  const cell = deriveCell(state.spec, 'movable');
  const asked = cell.hosts.filter((host) => said.hosts.find(({ name }) => name === host.name)!.state !== 'dead');
  const working = workOf(cell, state);
  const answers = await hostsHealth(
    asked.map((host) => ({
      of: cell.name,
      name: host.name,
      init: state.namespaces[host.name]!.init,
      services: hostConfig(cell, host).services,
      gateway: gatewayAddress(cell),
      reaches:
        host.role === 'sbc'
          ? Object.fromEntries(cell.media.map(({ name, relayAddress }) => [name, ping(relayAddress)]))
          : {},
    })),
  );
  const healths = new Map(asked.map(({ name }, index) => [name, answers[index]!]));
  const works = await working;
  const probes = probedHosts(cell, state);
  const hosts = said.hosts.map((told) => {
    const work = works.get(told.name);
    const probe = probes.get(told.name);
    const host = { ...told, ...(work === undefined ? {} : { work }), ...(probe === undefined ? {} : { probe }) };
    const health = healths.get(host.name);
    if (health === undefined) return host;
    const deafTo = unreachedBy(cell, host, healths);
    const unreached = new Map(deafTo.length === 0 ? [] : [['rtpengine', `${deafTo.join(' and ')} can't reach it`]]);
    const silent = host.role === 'media' && probe?.good === false ? [['rtpengine', probe.why!] as const] : [];
    return withHealth(host, { ...health, services: new Map([...silent, ...unreached, ...health.services]) });
  });
  return { ...said, state: cellState(hosts), hosts };
}

/** SBCs whose questions a media host's relay does not answer. An SBC that is cut off says nothing about others. */
function unreachedBy(cell: Cell, host: HostStatus, healths: ReadonlyMap<string, HostHealth>): readonly string[] {
  if (healths.get(host.name)!.fault !== undefined) return [];
  return cell.sbcs
    .map(({ name }) => name)
    .filter((sbc) => healths.get(sbc)?.fault === undefined && healths.get(sbc)?.unreached.has(host.name));
}

/** A host that lives, as its supervisor and its own services say it is. */
export function withHealth<Host extends Pick<HostStatus, 'services'>>(
  host: Host,
  { fault, services: faults }: Pick<HostHealth, 'fault' | 'services'>,
): Host & Pick<HostStatus, 'state' | 'reason'> {
  const services = host.services.map((service): ServiceStatus => {
    const reason = faults.get(service.name);
    return reason === undefined ? service : { ...service, state: 'faulty', reason };
  });
  const state = summary(services);
  return fault === undefined || state === 'failed'
    ? { ...host, services, state }
    : { ...host, services, state: 'faulty', reason: fault };
}

function summary(services: readonly ServiceStatus[]): Exclude<HostStatus['state'], 'dead'> {
  const some = (state: ServiceStatus['state']) => services.some((service) => service.state === state);
  if (some('failed')) return 'failed';
  if (some('waiting') || some('starting')) return 'starting';
  return some('faulty') ? 'faulty' : 'ready';
}

/** Until a host is recreated, it lacks the services that a changed file or a new version adds. */
function servicesOf(cell: Cell, hostName: string): readonly ServiceStatus[] {
  const host = cell.hosts.find((candidate) => candidate.name === hostName)!;
  const here = hasFreeswitch();
  const names = hostConfig(cell, host)
    .services.filter((service) => service.phase === 'run')
    .map(({ name }) => name);
  const made = names.filter((name) => hasNote(cell.name, hostName, name));
  return names.flatMap((name): readonly ServiceStatus[] => {
    if (isFreeswitch({ name }) && !here) return [{ name, state: 'absent', starts: 0 }];
    return made.length === 0 || made.includes(name) ? [readService(cell.name, hostName, name)] : [];
  });
}

function notes(cell: Cell): readonly string[] {
  const { kernelForwarding } = cell.spec.media;
  const module = existsSync('/proc/rtpengine/control');
  const byName = cell.spec.trunks.filter(({ address }) => !/^[\d.]+$/.test(address)).map(({ name }) => name);
  return [
    ...(isFull() ? [`${stateRoot} is full: what hosts log is lost (df ${stateRoot}).`] : []),
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
