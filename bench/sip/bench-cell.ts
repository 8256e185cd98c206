/** A small cell that carriers call: tenants with numbers, users who are registered, and an active SBC whose processor is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell, type SbcHost } from '../../lib/fleet/derive/cell.ts';
import { down, exec, spawnOutside, status, up } from '../../lib/targets/local/index.ts';
import { requireState } from '../../lib/targets/local/state.ts';
import { paths } from '../../lib/software/kamailio/sbc/paths.ts';
import { parseCell, type CellSpec } from '../../lib/fleet/schema/cell.ts';
import { processorTime } from './measure.ts';
import type { Spawn } from './sipp.ts';

/** Users that are called; the same number however many tenants there are. */
export const users = 5000;
/** Where every one of them is. */
export const callee = { address: '198.51.100.11', port: 5070 } as const;

const limits = { calls: 100_000, callsPerSecond: 10_000, burst: 10_000 };

/** Of the numbers' last ten digits: each number is this far from the one before, so that they lie all over the country. */
export const numberStep = 6_180_339_887;
export const numbers = 10_000_000_000;

/** The number of a user. */
function numberOf(user: number): string {
  return `+49${String((user * numberStep) % numbers).padStart(10, '0')}`;
}

/** The users that are called, spread over all tenants. */
function calledUsers(tenants: number): readonly number[] {
  return Array.from({ length: users }, (_, user) => (tenants >= users ? user * (tenants / users) : user));
}

/** Their numbers. */
export function numbersOf(tenants: number): readonly string[] {
  return calledUsers(tenants).map(numberOf);
}

export class BenchCell {
  readonly spec: CellSpec;
  readonly floatingAddress: string;
  /** The active SBC. */
  readonly sbc: SbcHost;

  private constructor(spec: CellSpec, floatingAddress: string) {
    const active = status(spec.name).hosts.find((host) => host.active)!.name;
    this.spec = spec;
    this.floatingAddress = floatingAddress;
    this.sbc = deriveCell(spec).sbcs.find(({ name }) => name === active)!;
  }

  /**
   * With one tenant, until there are others.
   * @param carrier address from which calls come
   */
  static async up(name: string, network: string, carrier: string): Promise<BenchCell> {
    const spec = parseCell({
      name,
      region: 'eu-west-1',
      local: {},
      size: 'test',
      network,
      sbc: { setupsPerSecond: 5000, sharedMemoryMiB: 512 },
      media: { hosts: 1, kernelForwarding: 'preferred', relay: { calls: 3000 } },
      trunks: [{ name: 'carrier', address: carrier, limits }],
      tenants: [{ name: 'bench-0', domain: 'bench-0.example.com', limits, dids: { [numberOf(0)]: 'u0' } }],
    });
    await down(name);
    const { floatingAddress } = await up(spec, { dieWithParent: true });
    return new BenchCell(spec, floatingAddress);
  }

  down(): Promise<unknown> {
    return down(this.spec.name);
  }

  /** Programs in the cell's outside, where its users are. */
  readonly outside: Spawn = (argv, options) => spawnOutside(this.spec.name, argv, options);

  /** Runs a program on a host. @throws Error when it fails */
  async on(host: string, argv: readonly string[], input = ''): Promise<string> {
    const outcome = await exec(this.spec.name, host, argv, { input });
    if (outcome.status !== 0) throw new Error(`${host}: ${argv.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  }

  /** Processor time so far, in milliseconds, of the SBC's Kamailio, or of one there with another configuration file. */
  processorTime(config: string = paths.config): number {
    return processorTime(requireState(this.spec.name).namespaces[this.sbc.name]!.init.pid, config);
  }

  /** Fills the database with this number of tenants, with a number for each, and `users` numbers at least; the SBC reloads it. */
  async setTenants(tenants: number): Promise<void> {
    const last = Math.max(tenants, users) - 1;
    const sql = `BEGIN;
TRUNCATE cellstamp.tenants CASCADE;
INSERT INTO cellstamp.tenants (name, domain, tier, calls, calls_per_second, burst)
  SELECT 'bench-' || i, 'bench-' || i || '.example.com', 'standard', 100000, 10000, 10000 FROM generate_series(0, ${tenants - 1}) i;
INSERT INTO cellstamp.dids SELECT '+49' || lpad((i::bigint * ${numberStep} % ${numbers})::text, 10, '0'), 'bench-' || i % ${tenants}, 'u' || i FROM generate_series(0, ${last}) i;
COMMIT;
VACUUM ANALYZE;
CHECKPOINT;
`;
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
    const psql = ['psql', '-q', '-h', '/run/postgresql', '-v', 'ON_ERROR_STOP=1', 'cellstamp'];
    await this.on('database-1', [...asPostgres, ...psql], sql);
    for (const table of ['tenants', 'dids', 'callers', 'sources']) {
      await this.on(this.sbc.name, ['kamcmd', '-s', `unix:${paths.control}`, 'htable.reload', table]);
    }
    // The database and its replica have work left, which is none of the calls'.
    await sleep(2000);
  }

  /** Registers the users that are called with this number of tenants, at the SBC or at the Kamailio beside it with this control socket. */
  async register(tenants: number, control: string = paths.control): Promise<void> {
    const lines = calledUsers(tenants).map((user) => {
      const aor = `u${user}@bench-${user % tenants}.example.com`;
      return `ul.add location ${aor} sip:u${user}@${callee.address}:${callee.port} 7200 1.0 . 0 0 0`;
    });
    await this.on(this.sbc.name, ['kamcmd', '-s', `unix:${control}`], `${lines.join('\n')}\n`);
  }
}
