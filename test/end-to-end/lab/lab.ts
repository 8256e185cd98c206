/** A cell with users and carriers, and what a test wants to know of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { deriveCell, type Cell } from '../../../lib/fleet/derive/cell.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { AgentsEvent } from '../../../lib/user-agent/agents-event.ts';
import { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { AgentSpec } from '../../../lib/user-agent/scenario.ts';
import { readCallRecords } from '../../../lib/cli/call-records.ts';
import { down, exec, primaryHost, status, up } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { parseCell, type CellInput, type CellSpec } from '../../../lib/fleet/schema/cell.ts';

/** A user of a tenant of the spec; the password is made from the name. */
export interface LabUser {
  readonly name: string;
  readonly tenant: string;
  /** Address outside the cell from which it speaks. */
  readonly address: string;
  readonly idleFormats?: NonNullable<AgentSpec['idleFormats']>;
}

type AgentsTls = NonNullable<Parameters<AgentsProcess['open']>[0]['tls']>;
export type SipTrace = Extract<AgentsEvent, { event: 'sip' }>;

/** A cell without a probe: its calls would count as sessions of relays, and show on wires. A test that wants them says so. */
export const labCell = (input: CellInput): CellSpec => parseCell({ probe: { intervalSeconds: 'off' }, ...input });

export class Lab {
  readonly spec: CellSpec;
  readonly cell: Cell;
  readonly floating: string;
  readonly startedAt = Date.now();
  readonly #agents: AgentsProcess[] = [];

  private constructor(spec: CellSpec, floating: string) {
    this.spec = spec;
    this.cell = deriveCell(spec, 'movable');
    this.floating = floating;
  }

  /** Brings the cell up from nothing. */
  static async up(input: CellInput): Promise<Lab> {
    const spec = labCell(input);
    await down(spec.name);
    const running = await up(spec);
    return new Lab(spec, running.floatingAddress);
  }

  async down(): Promise<void> {
    await Promise.all(this.#agents.map((agents) => agents.close(1)));
    await down(this.spec.name);
  }

  /** Makes users known to the database, and to nothing else. */
  async addUsers(users: readonly LabUser[]): Promise<void> {
    const rows = users.map(({ name, tenant }) => ({
      name,
      tenant,
      domain: domainOf(tenant),
      password: passwordOf(name),
    }));
    await this.sql(usersSql(rows));
  }

  user({ name, tenant, address, idleFormats }: LabUser): AgentSpec {
    return {
      ...(idleFormats === undefined ? {} : { idleFormats }),
      role: 'user',
      name,
      identity: `sip:${name}@${domainOf(tenant)}`,
      password: passwordOf(name),
      local: { address },
      server: this.#server,
    };
  }

  carrier(name: string, address: string, unexpected?: AgentSpec['unexpected']): AgentSpec {
    return {
      role: 'carrier',
      name,
      identity: `sip:+4989700700@${address}`,
      local: { address, port: 5060 },
      server: this.#server,
      ...(unexpected === undefined ? {} : { unexpected }),
    };
  }

  /**
   * Agents outside the cell; every user is registered. They are closed with the cell.
   * @param tls What they show and believe over TLS. Default: nothing, and anybody.
   */
  async agents(
    specs: readonly AgentSpec[],
    onSip?: (message: SipTrace) => void,
    tls: AgentsTls = { verify: false },
  ): Promise<AgentsProcess> {
    const agents = AgentsProcess.start({
      prefix: this.#outside,
      ...(onSip === undefined ? {} : { onEvent: (event: AgentsEvent) => event.event === 'sip' && onSip(event) }),
    });
    this.#agents.push(agents);
    const opened = await agents.open({ agents: [...specs], tls, trace: onSip !== undefined });
    for (const { name, registration } of opened) {
      if (registration !== null) expect({ name, ...registration }).toEqual({ name, status: 200, reason: 'OK' });
    }
    return agents;
  }

  get #server() {
    return { address: this.floating, port: 5060 };
  }

  get #outside(): readonly string[] {
    const { pid } = requireState(this.spec.name).namespaces['outside']!.init;
    return ['setpriv', '--pdeathsig', 'KILL', 'nsenter', '--target', String(pid), '--net', '--'];
  }

  /** The name of the SBC that has the floating addresses; undefined while none has. */
  get active(): string | undefined {
    return status(this.spec.name).hosts.find((host) => host.active)?.name;
  }

  /** Name of the media host with this public address. */
  mediaHost(address: string | null): string | undefined {
    return status(this.spec.name).hosts.find((host) => host.role === 'media' && host.publicAddress === address)?.name;
  }

  publicAddress(host: string): string {
    return status(this.spec.name).hosts.find(({ name }) => name === host)!.publicAddress!;
  }

  isUp(host: string): boolean {
    return status(this.spec.name).hosts.find(({ name }) => name === host)!.state !== 'dead';
  }

  /** The media hosts that a call's two sides and its audio had to do with; one, if all is well. */
  mediaHostsOf({ mediaAddress, toCaller, toCallee }: CallResult): readonly (string | undefined)[] {
    const addresses = new Set([
      ...Object.values(mediaAddress).filter((address) => address !== null),
      ...[toCaller, toCallee].flatMap((audio) =>
        Object.keys(audio?.sources ?? {}).map((source) => source.replace(/:\d+$/, '')),
      ),
    ]);
    return [...new Set([...addresses].map((address) => this.mediaHost(address)))];
  }

  /** Runs a program on a host. @throws Error when it fails */
  async run(host: string, ...argv: readonly string[]): Promise<string> {
    const { status: code, stdout, stderr } = await exec(this.spec.name, host, argv);
    if (code !== 0) throw new Error(`${host}: ${argv.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  async sql(text: string): Promise<string> {
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
    const psql = ['psql', '-h', '/run/postgresql', '-At', '-v', 'ON_ERROR_STOP=1', 'cellstamp'];
    const {
      status: code,
      stdout,
      stderr,
    } = await exec(this.spec.name, primaryHost(this.spec.name, 'database'), [...asPostgres, ...psql], {
      input: text,
    });
    if (code !== 0) throw new Error(`database: ${stderr}`);
    return stdout;
  }

  kamcmd(sbc: string, ...words: readonly string[]): Promise<string> {
    return this.run(sbc, 'kamcmd', '-s', `unix:${paths.control}`, ...words);
  }

  /** Calls now by what they count on (`t:` tenant, `k:` trunk, `m:` media host), as an SBC sees them; no zeros. */
  async load(sbc: string = this.active!): Promise<Readonly<Record<string, number>>> {
    const dump = await this.kamcmd(sbc, 'htable.dump', 'load');
    const entries = [...dump.matchAll(/name: (\S+)\s+value: (-?\d+)/g)].map(([, name, value]) => [
      name!,
      Number(value),
    ]);
    return Object.fromEntries(entries.filter(([, value]) => value !== 0));
  }

  /** A counter of an SBC's metrics, all labels added up unless one is given. */
  async metric(name: string, label = '', sbc: string = this.active!): Promise<number> {
    const { address } = this.cell.sbcs.find((host) => host.name === sbc)!;
    const text = await this.run(sbc, 'curl', '-s', `http://${address}:${internalPorts.sbcMetrics}/metrics`);
    return sumOf(text, `cellstamp_sbc_${name}`, label);
  }

  /** Calls that a media host relays now. */
  async relayed(host: string): Promise<number> {
    const { address } = this.cell.media.find(({ name }) => name === host)!;
    const text = await this.run(host, 'curl', '-s', `http://${address}:${internalPorts.rtpengineMetrics}/metrics`);
    return sumOf(text, 'rtpengine_sessions', 'own');
  }

  /** The call records since the cell came up. */
  records(): Promise<readonly CallEvent[]> {
    return readCallRecords(this.spec, this.startedAt - 1000);
  }

  /** The events of these calls, once each has its end. Patience: 10 s. */
  async recordsOf(calls: readonly CallResult[]): Promise<ReadonlyMap<string, readonly CallEvent[]>> {
    const ids = calls.map(({ callId }) => callId);
    let events: readonly CallEvent[] = [];
    await until(async () => {
      events = await this.records();
      return ids.every((id) => events.some(({ call, event }) => call === id && event === 'end'));
    });
    return new Map(ids.map((id) => [id, events.filter(({ call }) => call === id)]));
  }
}

export function domainOf(tenant: string): string {
  return `${tenant}.example.com`;
}

export function passwordOf(user: string): string {
  return `secret of ${user}`;
}

function sumOf(text: string, name: string, label: string): number {
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(/ (-?[\d.]+)/.exec(line.replace(/{.*}/, ''))![1]), 0);
}

/** Waits for something to become true. @throws Error after the patience, seconds */
export async function until(condition: () => boolean | Promise<boolean>, patience = 10): Promise<void> {
  const deadline = Date.now() + patience * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not true within ${patience} s: ${condition.toString()}`);
    await sleep(50);
  }
}

/** What was wrong with calls; empty when all were good. */
export function failuresOf(results: readonly CallResult[]): readonly string[] {
  return results.flatMap(({ kind, failures }) => failures.map(({ what, detail }) => `${kind}: ${what} (${detail})`));
}
