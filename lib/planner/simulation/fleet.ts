import { counted } from '../../config-file/counted.ts';
import { cellCapacity } from '../cell-capacity.ts';
import type { CellLimits } from '../shared-limits.ts';
import type { StampRecord } from '../plan/lead-time.ts';
import { exponential, normal, type Random } from '../random.ts';
import { allHosts, type CellView, type FleetView, type SimulatedAction, type SimulatedKind } from './decider.ts';
import { limitsWithHosts } from './limits-at.ts';
import { isWithin, type TenantTrace, type Traffic } from './traffic.ts';
import { MINUTE_MS } from '../time.ts';

/** How long things take in the simulated world, and how often they break. */
export interface Circumstances {
  /** Hours from the order to stamp until the cell takes calls: median and spread of a log-normal distribution. */
  readonly stampHours: { readonly median: number; readonly spread: number };
  /** Share of the stamps that fail when they should be done: the cell is not there, and nothing of it. */
  readonly stampFailures: number;
  /** Minutes until a media host that was ordered is in service. */
  readonly hostMinutes: number;
  /** Mean hours between failures of one media host, and hours until it is back. */
  readonly hostFailureHours: number;
  readonly hostRepairHours: number;
}

/** A stamp in 20 fails; a year between failures of a host, two hours until it is replaced. */
export const USUAL: Circumstances = {
  stampHours: { median: 20, spread: 0.35 },
  stampFailures: 0.05,
  hostMinutes: 10,
  hostFailureHours: 8760,
  hostRepairHours: 2,
};

interface SimulatedCell {
  readonly name: string;
  readonly kind: SimulatedKind;
  readonly readyAt: number;
  /** Its stamp fails at that step. */
  readonly fails: boolean;
  /** Takes no new tenants; gives all away. */
  closed: 'cordoned' | 'draining' | undefined;
  /** Numbers of the media hosts in service. */
  hosts: readonly number[];
  /** Hosts that will be in service at a step; the last entry is what was ordered last. */
  orders: { at: number; hosts: readonly number[] }[];
  /** Steps at which failed hosts are back. */
  failedUntil: number[];
  readonly tenants: Map<string, TenantTrace>;
}

/** The cells and tenants of a simulation as they really are, and what actions do to them. */
export class SimulatedFleet {
  readonly traffic: Traffic;
  readonly kinds: readonly SimulatedKind[];
  readonly cells: SimulatedCell[] = [];
  readonly waiting = new Map<string, TenantTrace>();
  readonly stamped: StampRecord[] = [];
  failedStamps = 0;

  readonly #circumstances: Circumstances;
  readonly #random: Random;
  readonly #home = new Map<string, SimulatedCell>();
  readonly #tenants: ReadonlyMap<string, TenantTrace>;
  readonly #measured: ReadonlyMap<string, Float64Array>;
  readonly #limits = new Map<string, CellLimits>();
  readonly #names = new Set<string>();

  constructor(traffic: Traffic, kinds: readonly SimulatedKind[], circumstances: Circumstances, random: Random) {
    this.traffic = traffic;
    this.kinds = kinds;
    this.#circumstances = circumstances;
    this.#random = random;
    this.#tenants = new Map(traffic.tenants.map((tenant) => [tenant.id, tenant]));
    this.#measured = new Map(traffic.tenants.map((tenant) => [tenant.id, measuredOf(tenant, traffic)]));
  }

  /** Adds a cell that has been there for long, whole, with its tenants. */
  found(name: string, kind: SimulatedKind, tenants: readonly TenantTrace[]): void {
    const cell = this.#newCell(name, kind, -1, false);
    for (const tenant of tenants) this.#put(tenant, cell);
  }

  /** Brings a step about: what was ordered is there, what broke is broken, who comes waits. */
  begin(step: number): void {
    for (const failed of this.cells.filter(({ fails, readyAt }) => fails && readyAt <= step)) {
      this.cells.splice(this.cells.indexOf(failed), 1);
      this.#names.delete(failed.name);
      this.failedStamps++;
    }
    for (const cell of this.cells) {
      while (cell.orders[0] !== undefined && cell.orders[0].at <= step) cell.hosts = cell.orders.shift()!.hosts;
      cell.failedUntil = cell.failedUntil.filter((until) => until > step);
      if (!this.isReady(cell, step)) continue;
      const { hostFailureHours, hostRepairHours } = this.#circumstances;
      const stepHours = this.traffic.stepMinutes / 60;
      for (let host = cell.failedUntil.length; host < cell.hosts.length; host++) {
        if (this.#random() < stepHours / hostFailureHours) {
          cell.failedUntil.push(step + Math.ceil(exponential(this.#random, hostRepairHours) / stepHours));
        }
      }
    }
    for (const tenant of this.traffic.tenants) {
      if (tenant.arrives === step && !this.#home.has(tenant.id)) this.waiting.set(tenant.id, tenant);
    }
  }

  /** Ends a step: what could not be measured in it is unknown from now on. */
  end(step: number): void {
    for (const cell of this.cells) {
      if (this.isMeasured(cell, step)) continue;
      for (const id of cell.tenants.keys()) this.#measured.get(id)![step] = NaN;
    }
  }

  isLost({ kind }: SimulatedCell, step: number): boolean {
    return this.traffic.lostRegions.some((span) => span.region === kind.spec.region && isWithin(step, span));
  }

  isMeasured(cell: SimulatedCell, step: number): boolean {
    return !this.isLost(cell, step) && !this.traffic.outages.some((span) => isWithin(step, span));
  }

  isReady(cell: SimulatedCell, step: number): boolean {
    return cell.readyAt <= step;
  }

  /** What the cell takes with the hosts that are there. */
  limitsNow({ kind, hosts, failedUntil }: SimulatedCell): CellLimits {
    return this.limits(kind, hosts, failedUntil.length);
  }

  /** What it would take with one host lost, the failed ones counted. */
  limitsWithReserve({ kind, hosts, failedUntil }: SimulatedCell): CellLimits {
    return this.limits(kind, hosts, Math.max(1, failedUntil.length));
  }

  /** Relayed calls of all pools that it takes with one host lost, the failed ones counted. */
  callsWithReserve({ kind, hosts, failedUntil }: SimulatedCell): number {
    const left = Math.max(0, hosts.length - Math.max(1, failedUntil.length));
    return left * cellCapacity(kind.spec).resources.relayedCalls.binding.limit;
  }

  limits(kind: SimulatedKind, hosts: readonly number[], lost: number): CellLimits {
    const key = `${kind.name} ${hosts.join()} ${lost}`;
    let limits = this.#limits.get(key);
    if (limits === undefined) {
      limits = limitsWithHosts(kind.spec, hosts, lost);
      this.#limits.set(key, limits);
    }
    return limits;
  }

  /** Media hosts that a cell has or has ordered; undefined where there is no such cell. */
  hostsOrdered(name: string): readonly number[] | undefined {
    const cell = this.cells.find((one) => one.name === name);
    return cell && (cell.orders.at(-1)?.hosts ?? cell.hosts);
  }

  /** Does what was decided, or says why it can't be done. */
  apply(action: SimulatedAction, step: number): string | undefined {
    if (action.do === 'hold') return undefined;
    if (action.do === 'stamp') return this.#stamp(action, step);
    const cell = this.cells.find(({ name }) => name === action.cell);
    if (cell === undefined) return `there is no cell ${action.cell}`;
    switch (action.do) {
      case 'place':
      case 'move':
        return this.#settle(action.do, action.tenant, cell, step);
      case 'cordon':
        cell.closed = 'cordoned';
        return undefined;
      case 'uncordon':
        cell.closed = undefined;
        return undefined;
      case 'drain':
        cell.closed = 'draining';
        return undefined;
      case 'retire':
        if (cell.tenants.size > 0) return `${cell.name} still has ${counted(cell.tenants.size, 'tenant')}`;
        this.cells.splice(this.cells.indexOf(cell), 1);
        return undefined;
      case 'scale':
        return this.#scale(cell, action.hosts, step);
    }
  }

  view(step: number): FleetView {
    return {
      step,
      traffic: this.traffic,
      kinds: this.kinds,
      waiting: [...this.waiting.values()],
      cells: this.cells.map((cell): CellView => ({
        name: cell.name,
        kind: cell.kind,
        state: !this.isReady(cell, step) ? 'stamping' : (cell.closed ?? 'active'),
        hosts: cell.hosts,
        hostsOrdered: cell.orders.at(-1)?.hosts ?? cell.hosts,
        isMeasured: step === 0 || this.isMeasured(cell, step - 1),
        tenants: [...cell.tenants.keys()],
      })),
      tenant: (id) => this.#tenants.get(id)!,
      measured: (id) => this.#measured.get(id)!.subarray(0, step),
      stamped: this.stamped.filter(({ readyAt }) => readyAt <= instantOf(this.traffic, step)),
      limits: (kind, hosts, lost) => this.limits(kind, hosts, lost),
    };
  }

  #stamp({ kind: kindName, name }: { kind: string; name: string }, step: number): string | undefined {
    const kind = this.kinds.find((one) => one.name === kindName);
    if (kind === undefined) return `there is no kind of cell ${kindName}`;
    if (this.#names.has(name)) return `there is or was a cell ${name}`;
    const { stampHours, stampFailures } = this.#circumstances;
    const hours = stampHours.median * Math.exp(stampHours.spread * normal(this.#random));
    const readyAt = step + Math.max(1, Math.round((hours * 60) / this.traffic.stepMinutes));
    const fails = this.#random() < stampFailures;
    this.#newCell(name, kind, readyAt, fails);
    if (!fails) {
      const startedAt = instantOf(this.traffic, step);
      this.stamped.push({ cell: name, startedAt, readyAt: instantOf(this.traffic, readyAt) });
    }
    return undefined;
  }

  #newCell(name: string, kind: SimulatedKind, readyAt: number, fails: boolean): SimulatedCell {
    const cell: SimulatedCell = {
      name,
      kind,
      readyAt,
      fails,
      closed: undefined,
      hosts: allHosts(kind),
      orders: [],
      failedUntil: [],
      tenants: new Map(),
    };
    this.#names.add(name);
    this.cells.push(cell);
    return cell;
  }

  #settle(how: 'place' | 'move', id: string, cell: SimulatedCell, step: number): string | undefined {
    const tenant = how === 'place' ? this.waiting.get(id) : this.#tenants.get(id);
    const from = this.#home.get(id);
    if (tenant === undefined || (how === 'move' && from === undefined)) return `tenant ${id} can't be ${how}d`;
    if (!this.isReady(cell, step)) return `${cell.name} is not ready`;
    if (cell === from) return `tenant ${id} is in ${cell.name}`;
    if (cell.tenants.size >= this.limitsNow(cell).maxTenants)
      return `${cell.name} has ${counted(cell.tenants.size, 'tenant')}`;
    from?.tenants.delete(id);
    this.waiting.delete(id);
    this.#put(tenant, cell);
    return undefined;
  }

  #put(tenant: TenantTrace, cell: SimulatedCell): void {
    cell.tenants.set(tenant.id, tenant);
    this.#home.set(tenant.id, cell);
  }

  #scale(cell: SimulatedCell, hosts: readonly number[], step: number): string | undefined {
    const { kind, name } = cell;
    const all = allHosts(kind);
    const unknown = hosts.find((host, index) => !all.includes(host) || hosts.indexOf(host) !== index);
    if (unknown !== undefined)
      return `${name} has no media host ${unknown}, or it is named twice; there are ${all.join()}`;
    for (const [pool, own] of Object.entries(kind.spec.media.pools)) {
      const least = Math.min(kind.leastHosts ?? Infinity, own.length);
      const left = own.filter((host) => hosts.includes(host)).length;
      if (left < least)
        return `${counted(left, 'media host')} for pool ${pool} of ${name}, at least ${least} must be in service`;
    }
    const before = cell.orders.at(-1)?.hosts ?? cell.hosts;
    const added = hosts.filter((host) => !before.includes(host));
    const kept = before.filter((host) => hosts.includes(host));
    if (added.length === 0 && kept.length === before.length) return `${name} has the media hosts ${hosts.join()}`;
    // Hosts that go take no calls from now on; hosts that come need their time.
    cell.hosts = cell.hosts.filter((host) => hosts.includes(host));
    const coming = cell.orders.map((order) => ({
      ...order,
      hosts: order.hosts.filter((host) => hosts.includes(host)),
    }));
    const delay = Math.ceil(this.#circumstances.hostMinutes / this.traffic.stepMinutes);
    cell.orders = added.length === 0 ? coming : [...coming, { at: step + delay, hosts: [...hosts] }];
    return undefined;
  }
}

export type { SimulatedCell };

export const instantOf = ({ start, stepMinutes }: Pick<Traffic, 'start' | 'stepMinutes'>, step: number): number =>
  start + step * stepMinutes * MINUTE_MS;

function measuredOf({ calls, arrives }: TenantTrace, { outages, historySteps }: Traffic): Float64Array {
  const measured = Float64Array.from(calls).fill(NaN, 0, arrives);
  for (const { from, to } of outages) measured.fill(NaN, Math.min(from, historySteps), Math.min(to, historySteps));
  return measured;
}
