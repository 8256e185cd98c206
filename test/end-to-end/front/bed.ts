/** A front with two cells, callers in two places, and what a test wants to know of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import type { AgentSpec, CallScenario } from '../../../lib/user-agent/scenario.ts';
import { edgePorts, internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { AgentsEvent } from '../../../lib/user-agent/agents-event.ts';
import { AgentsProcess, type RunResult } from '../../../lib/user-agent/agents-process.ts';
import type { TenantItem } from '../../../lib/fleet/directory.ts';
import { deriveFront, type Front } from '../../../lib/fleet/derive/front.ts';
import {
  callerAddress,
  directoryOf,
  execOnFront,
  frontUp,
  reroute,
  serviceAddress,
  type FrontState,
  type FrontUpOptions,
  type LocalDirectory,
} from '../../../lib/targets/local/front/index.ts';
import { edgePublicAddress } from '../../../lib/targets/local/front/addresses.ts';
import { routerName } from '../../../lib/targets/local/front/internet.ts';
import { healthyEdges } from '../../../lib/targets/local/front/status.ts';
import { listCalls } from '../../../lib/targets/local/calls.ts';
import { LocalFailure } from '../../../lib/targets/local/failure.ts';
import { down, exec, status, up } from '../../../lib/targets/local/index.ts';
import { hostFolder } from '../../../lib/targets/local/state.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { parseCell, type CellInput, type CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { parseFront, type FrontSpec } from '../../../lib/fleet/schema/front.ts';
import { leftBehind, toldOf, type LeftBehind, type Told } from './told.ts';
import { passwordOf, until } from '../lab/lab.ts';

/** Of the tenant: a name under the front's domain, which the front's records lead to. */
export const domain = 'acme.voice.example.com';
/** The carrier's address in the second place, and a number of the tenant's that it calls. */
export const carrier = { address: callerAddress(2, 88), number: '+4989700700', calls: '+442079460100' } as const;
/** The tenant's own exchange in the first place, known by its address. */
export const exchange = { address: callerAddress(1, 77) } as const;

const free = { calls: 1000, callsPerSecond: 1000, burst: 1000 };

function specs(
  name: string,
  number: number,
  calls: CellInput['calls'],
): { readonly cells: readonly CellSpec[]; readonly front: FrontSpec } {
  const cells = [1, 2].map((n) =>
    parseCell({
      name: `${name}-${n}`,
      region: 'eu-west-1',
      local: {},
      // Its calls would count as what is left on SBCs and media hosts.
      probe: { intervalSeconds: 'off' },
      size: 'test',
      network: `10.${number}.${16 * (n - 1)}.0/20`,
      calls,
      media: { hosts: 1, kernelForwarding: 'preferred' },
      trunks: [{ name: 'carrier', address: carrier.address, limits: free }],
      tenants:
        n === 1
          ? [
              {
                name: 'acme',
                domain,
                limits: free,
                dids: { [carrier.calls]: 'bob' },
                sources: [`${exchange.address}/32`],
              },
            ]
          : [],
    }),
  );
  const front = parseFront({
    name: `${name}-front`,
    domain: 'voice.example.com',
    regions: [
      { region: 'eu-west-1', network: `10.${number}.200.0/24` },
      { region: 'us-east-1', network: `10.${number}.201.0/24` },
    ],
    edge: { workers: 2, flood: { requestsPerSecond: 500 } },
    // A drain takes as long as the entry may take, by this.
    health: { threshold: 1 },
    directory: { entries: 1000, pollSeconds: 0.2 },
  });
  return { cells, front };
}

/** What the directory agent of an edge says. */
interface AgentStatus {
  readonly directory: 'reachable' | 'unreachable' | 'emptied';
  readonly refused: number;
}

export class FrontBed {
  readonly cells: readonly CellSpec[];
  readonly front: Front;
  readonly #agents = new Set<AgentsProcess>();
  state!: FrontState;
  directory!: LocalDirectory;

  private constructor({ cells, front }: ReturnType<typeof specs>) {
    this.cells = cells;
    this.front = deriveFront(front);
  }

  /**
   * @param number second octet of the private addresses
   * @param calls of the cells
   */
  static async up(
    name: string,
    number: number,
    users: readonly string[],
    calls: CellInput['calls'] = {},
  ): Promise<FrontBed> {
    const bed = new FrontBed(specs(name, number, calls));
    await bed.down();
    try {
      await Promise.all(bed.cells.map((cell) => up(cell)));
      await bed.#probeNoFeatureHosts();
      await bed.sql(
        bed.cells[0]!.name,
        usersSql(users.map((user) => ({ name: user, tenant: 'acme', domain, password: passwordOf(user) }))),
      );
      await bed.change();
    } catch (error) {
      await bed.down();
      throw error;
    }
    return bed;
  }

  /** Brings up what is missing of the front, or has another configuration. */
  async change(options: FrontUpOptions = {}): Promise<void> {
    this.state = await frontUp(
      this.front.spec,
      this.cells.map(({ name }) => name),
      options,
    );
    this.directory = await directoryOf(this.front, this.state);
  }

  async down(): Promise<void> {
    await Promise.all([...this.#agents].map((agents) => agents.close(1)));
    await Promise.all([this.front.name, ...this.cells.map(({ name }) => name)].map(down));
  }

  user(name: string, address: string, protocol: 'udp' | 'tcp' | 'tls' = 'udp'): AgentSpec {
    return {
      role: 'user',
      name,
      identity: `sip:${name}@${domain}`,
      password: passwordOf(name),
      protocol,
      local: { address },
      server: { address: serviceAddress, port: protocol === 'tls' ? 5061 : 5060 },
    };
  }

  carrier(): AgentSpec {
    return {
      role: 'carrier',
      name: 'carrier',
      identity: `sip:${carrier.number}@${carrier.address}`,
      local: { address: carrier.address, port: 5060 },
      server: { address: serviceAddress, port: 5060 },
    };
  }

  /** The carrier as it calls. It is called over UDP, as its trunk says. */
  callingCarrier(protocol: 'udp' | 'tcp' | 'tls'): AgentSpec {
    return {
      ...this.carrier(),
      name: 'calling carrier',
      protocol,
      local: { address: carrier.address },
      server: { address: serviceAddress, port: protocol === 'tls' ? 5061 : 5060 },
    };
  }

  /** Agents among the callers; every user is registered. */
  async agents(agentSpecs: readonly AgentSpec[], onEvent?: (event: AgentsEvent) => void): Promise<AgentsProcess> {
    const { pid } = this.state.namespaces['callers']!.init;
    const agents = AgentsProcess.start({
      prefix: ['setpriv', '--pdeathsig', 'KILL', 'nsenter', '--target', String(pid), '--net', '--'],
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    this.#agents.add(agents);
    const opened = await agents.open({ agents: [...agentSpecs], tls: { verify: false }, trace: onEvent !== undefined });
    for (const { name, registration } of opened) {
      if (registration !== null) expect({ name, ...registration }).toEqual({ name, status: 200, reason: 'OK' });
    }
    return agents;
  }

  async close(agents: AgentsProcess): Promise<void> {
    this.#agents.delete(agents);
    await agents.close();
  }

  /** Places one call of each kind, lets all come to their pause `event`, makes something happen, and lets them go on. */
  async through(
    agents: AgentsProcess,
    kinds: readonly CallScenario[],
    event: () => Promise<unknown>,
    patience?: number,
  ): Promise<Told & RunResult> {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [...kinds], calls: kinds.length, ratePerSecond: 10, patienceSeconds: 10 },
      { onPaused: () => paused++ },
    );
    const over = run.finished.then((result) => ({ over: result }));
    await Promise.race([until(() => paused === kinds.length, 30), over]);
    const callsUpBefore = (await this.calls()).length;
    await event();
    const callsUpAfter = (await this.calls()).length;
    run.resume('event');
    const result = (await over).over;
    return { ...result, ...toldOf([result], callsUpBefore, callsUpAfter, await this.left(patience)) };
  }

  /** Call-IDs of the calls that the cells hold now. */
  async calls(): Promise<readonly string[]> {
    // Not the front's status: that asks every service of every host, for which two processors take as long as a short call.
    const told = this.cells.map(async ({ name }) => {
      try {
        return await listCalls(name);
      } catch (error) {
        // A cell whose SBCs are both away tells none.
        if (error instanceof LocalFailure) return [];
        throw error;
      }
    });
    return (await Promise.all(told)).flat().map(({ call }) => call);
  }

  /** Whether the regions announce the service address. */
  async announceService(announced: boolean): Promise<void> {
    for (const index of this.front.regions.keys()) {
      for (const protocol of ['anycast', 'last_resort']) {
        const command = ['birdc', '-s', '/run/bird/bird.ctl', announced ? 'enable' : 'disable', protocol];
        await execOnFront(this.state, routerName(index + 1), command);
      }
    }
  }

  reroute(place: number, region?: number): Promise<number> {
    return reroute(this.state, place, region);
  }

  /** Name of the edge through which a user is registered. */
  async edgeOf(user: string): Promise<string> {
    for (const cell of this.cells) {
      const active = status(cell.name).hosts.find((host) => host.active)!.name;
      const argv = ['kamcmd', '-s', `unix:${paths.control}`, 'ul.lookup', 'location', `${user}@${domain}`];
      const address = /Path: <sip:([\d.]+)/.exec((await exec(cell.name, active, argv)).stdout)?.[1];
      if (address !== undefined) return this.edges.find(({ publicAddress }) => publicAddress === address)!.name;
    }
    throw new Error(`${user} is not registered`);
  }

  get edges(): readonly { readonly name: string; readonly region: string; readonly publicAddress: string }[] {
    return this.front.edges.map((edge) => ({ ...edge, publicAddress: edgePublicAddress(this.front, edge) }));
  }

  /** Whether new traffic is sent to an edge. */
  isHealthy(edge: string): boolean {
    return healthyEdges(this.front, this.state).has(edge);
  }

  exchange(): AgentSpec {
    return { ...this.carrier(), name: 'exchange', identity: `sip:100@${domain}`, local: exchange };
  }

  /** A counter or gauge of the edges' metrics, all labels and edges added up. */
  async metric(name: string, edges = this.front.edges): Promise<number> {
    const texts = await Promise.all(
      edges.map(({ name: edge, address }) =>
        execOnFront(this.state, edge, ['curl', '-s', `http://${address}:${edgePorts.metrics}/metrics`], {
          timeout: 3000,
        }),
      ),
    );
    const lines = texts
      .flatMap(({ stdout }) => stdout.split('\n'))
      .filter((line) => line.startsWith(`cellstamp_${name}`));
    return lines.reduce((sum, line) => sum + Number(/ (-?[\d.]+)(?: \d{10,})?$/.exec(line)?.[1] ?? 0), 0);
  }

  /** A counter of a cell's active SBC. */
  async cellMetric(spec: CellSpec, name: string): Promise<number> {
    const active = status(spec.name).hosts.find((host) => host.active)!;
    const url = `http://${active.address}:${internalPorts.sbcMetrics}/metrics`;
    const { stdout } = await exec(spec.name, active.name, ['curl', '-s', url]);
    return Number(new RegExp(`^cellstamp_sbc_${name} (\\d+)`, 'm').exec(stdout)?.[1] ?? Number.NaN);
  }

  /** Whether an entry of a table is this on every edge; undefined: not there. */
  async edgesKnow(table: string, key: string, value: string | undefined): Promise<boolean> {
    const found = await Promise.all(
      this.front.edges.map(
        async ({ name }) => /value: (.*)/.exec(await this.kamcmd(name, 'htable.get', table, key))?.[1],
      ),
    );
    return found.every((each) => each === value);
  }

  /** What the directory agent of an edge says of itself. */
  agentOf(edge: string): AgentStatus {
    const file = join(hostFolder(this.front.name, edge), 'services', 'directory.json');
    return JSON.parse(readFileSync(file, 'utf8')) as AgentStatus;
  }

  /** A tenant of the first cell, for the directory alone. */
  tenant(name: string): TenantItem {
    const keys = [`d:${name}.example.com`];
    return { kind: 'tenant', name, version: Date.now(), cell: this.cells[0]!.name, other: '', keys };
  }

  async kamcmd(edge: string, ...words: readonly string[]): Promise<string> {
    const argv = ['timeout', '5', 'kamcmd', '-s', 'unix:/run/kamailio/control.sock', ...words];
    return (await execOnFront(this.state, edge, argv)).stdout;
  }

  /** Where something is left on edges, SBCs and media hosts, and what: once all is gone, or patience is at its end. Seconds. */
  async left(patience = 8): Promise<LeftBehind> {
    const deadline = Date.now() + patience * 1000;
    for (;;) {
      const left = await leftBehind(this.state, this.cells);
      if (Object.keys(left).length === 0 || Date.now() > deadline) return left;
      await sleep(250);
    }
  }

  /**
   * Nobody here calls a feature. Where FreeSWITCH is not on this machine, the SBCs' questions whether it is there would look like
   * transactions left behind.
   */
  async #probeNoFeatureHosts(): Promise<void> {
    for (const spec of this.cells) {
      for (const { name } of deriveCell(spec).sbcs) {
        await exec(spec.name, name, ['kamcmd', '-s', `unix:${paths.control}`, 'dispatcher.ping_active', '0']);
      }
    }
  }

  async sql(cell: string, input: string): Promise<string> {
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
    const psql = ['psql', '-h', '/run/postgresql', '-At', '-v', 'ON_ERROR_STOP=1', 'cellstamp'];
    const { status, stdout, stderr } = await exec(cell, 'database-1', [...asPostgres, ...psql], { input });
    if (status !== 0) throw new Error(`database: ${stderr}`);
    return stdout;
  }
}
