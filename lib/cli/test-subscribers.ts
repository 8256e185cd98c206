/**
 * A tenant, two users and a carrier that exist only while test calls go on: written to the cell's database, shown to both
 * SBCs, and taken back. Real tenants, their limits and their trunks are left alone.
 */
import { randomBytes } from 'node:crypto';
import { deriveCell } from '../fleet/derive/cell.ts';
import { exec, outsideAddress, primaryHost } from '../targets/local/index.ts';
import { paths } from '../software/kamailio/sbc/paths.ts';
import { usersSql } from '../software/kamailio/sbc/tenant-tables.ts';
import { databaseNames } from '../software/postgresql/names.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { contains, formatAddress, parseRange } from '../fleet/range.ts';
import { CommandFailure } from './failure.ts';
import { isRunning } from './own-processes.ts';

export interface TestUser {
  readonly name: string;
  readonly password: string;
  /** Address outside the cell from which it speaks. */
  readonly address: string;
  /** Direct-dial number that rings it. */
  readonly did: string;
}

export interface Subscribers {
  /** Name of the tenant. */
  readonly tenant: string;
  readonly domain: string;
  readonly users: readonly [caller: TestUser, callee: TestUser];
  readonly carrier: { readonly address: string; readonly port: number };
  /** Takes all of it out of the cell. */
  readonly remove: () => Promise<void>;
}

/** More than any cell carries: what is tested is the cell, not a tenant's limits. */
const noLimit = '100000, 10000, 10000';

/** Numbers that no country has: +999 is kept free by ITU-T E.164. Its zeros are nobody's process. */
export const outsideNumber = '+999000000000';

/** Addresses from which the two users and the carrier speak. */
export type SubscriberAddresses = readonly [caller: string, callee: string, carrier: string];

/**
 * @param transport what the SBC speaks to the carrier over
 * @param addresses Default: documentation addresses that the spec does not name.
 * @throws CommandFailure when the cell's database or an SBC can't be changed
 */
export async function addSubscribers(
  spec: CellSpec,
  transport: 'udp' | 'tcp' | 'tls',
  addresses: SubscriberAddresses = freeAddresses(spec, 3) as [string, string, string],
): Promise<Subscribers> {
  // The process says whose it is, should it be killed before it has removed it.
  const name = `test-${process.pid}`;
  const domain = `${name}.invalid`;
  const [first, second, carrier] = addresses;
  const user = (number: number, address: string): TestUser => ({
    name: `user-${number}`,
    password: randomBytes(18).toString('base64url'),
    address,
    did: `+999${String(process.pid).padStart(7, '0')}${number}`,
  });
  const users = [user(1, first), user(2, second)] as const;
  const removal = `DELETE FROM cellstamp.tenants WHERE name = '${name}'; DELETE FROM cellstamp.trunks WHERE name = '${name}';`;
  const rows = await database(
    spec,
    `BEGIN;
${await leftovers(spec)}${removal}
INSERT INTO cellstamp.trunks VALUES ('${name}', 1000000, '${carrier}', 5060, '${transport}', ${noLimit});
INSERT INTO cellstamp.tenants (name, domain, tier, calls, calls_per_second, burst, trunks)
  VALUES ('${name}', '${domain}', 'standard', ${noLimit}, '{${name}}');
INSERT INTO cellstamp.dids VALUES ${users.map((each) => `('${each.did}', '${name}', '${each.name}')`).join(', ')};
${usersSql(users.map((each) => ({ ...each, tenant: name, domain })))}COMMIT;
SELECT 'tenants', key_name, key_value FROM sbc.tenants WHERE key_name = '${domain}';
SELECT 'trunks', key_name, key_value FROM sbc.trunks WHERE key_name = '${name}';
SELECT 'sources', key_name, key_value FROM sbc.sources WHERE key_value = 'trunk|${name}';
SELECT 'dids', key_name, key_value FROM sbc.dids WHERE key_value LIKE '${domain}|%';
`,
  );
  // Users are not shown: the SBC finds them in the database when they register.
  const entries = rows.map((row) => row.split('\t') as [table: string, key: string, value: string]);
  await bothSbcs(
    spec,
    entries.map(([table, key, value]) => `htable.sets ${table} s:${key} s:${value}`),
  );
  return {
    tenant: name,
    domain,
    users,
    carrier: { address: carrier, port: 5060 },
    remove: async () => {
      await database(spec, removal);
      const cached = users.map((each) => `htable.delete users s:${each.name}@${domain}`);
      await bothSbcs(spec, [...entries.map(([table, key]) => `htable.delete ${table} s:${key}`), ...cached]);
    },
  };
}

/** SQL that removes what killed processes have left in the database. */
async function leftovers(spec: CellSpec): Promise<string> {
  const names = await database(spec, "SELECT name FROM cellstamp.tenants WHERE name ~ '^test-[0-9]+$';");
  return names
    .filter((name) => !isRunning(Number(name.slice('test-'.length))))
    .map(
      (name) =>
        `DELETE FROM cellstamp.tenants WHERE name = '${name}'; DELETE FROM cellstamp.trunks WHERE name = '${name}';\n`,
    )
    .join('');
}

/** Runs SQL on the primary. @returns the rows, their fields separated by tabs */
async function database(spec: CellSpec, sql: string): Promise<readonly string[]> {
  const host = primaryHost(spec.name, 'database');
  const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  const psql = ['psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--field-separator=\t'];
  const where = ['--host=/run/postgresql', `--dbname=${databaseNames.database}`, '--set=ON_ERROR_STOP=1'];
  const { status, stdout, stderr } = await exec(spec.name, host, [...asPostgres, ...psql, ...where], { input: sql });
  if (status !== 0) throw new CommandFailure(`no test users in the database on ${host}: ${stderr.trim()}`, 1);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Does commands of Kamailio's on both SBCs, at the same time. */
async function bothSbcs(spec: CellSpec, commands: readonly string[]): Promise<void> {
  const script = `while read -r -a words; do kamcmd -s unix:${paths.control} "\${words[@]}" || exit; done`;
  await Promise.all(
    deriveCell(spec).sbcs.map(async ({ name }) => {
      const { status, stdout, stderr } = await exec(spec.name, name, ['bash', '-c', script], {
        input: `${commands.join('\n')}\n`,
      });
      // kamcmd says what Kamailio refuses on its standard output, and ends with 0. What is to go may be gone (404).
      if (status === 0 && !/^error: (?!404 )/m.test(stdout)) return;
      throw new CommandFailure(`${name} does not take the test users: ${`${stdout}\n${stderr}`.trim()}`, 1);
    }),
  );
}

/** Addresses of the documentation ranges (RFC 5737) that neither a trunk nor a tenant of the spec has. */
function freeAddresses({ trunks, tenants }: CellSpec, count: number): readonly string[] {
  const taken = [
    outsideAddress,
    ...trunks.flatMap(({ address, sources }) => [...(/^[\d.]+$/.test(address) ? [address] : []), ...sources]),
    ...tenants.flatMap(({ sources }) => sources),
  ].map(parseRange);
  const all = ['198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24'].flatMap((range) =>
    Array.from({ length: 254 }, (_, index) => ({ first: parseRange(range).first + 1 + index, prefix: 32 })),
  );
  // Two commands at the same time take different ones, as far as there are.
  const start = (process.pid * count) % all.length;
  const free = [...all.slice(start), ...all.slice(0, start)].filter(
    (address) => !taken.some((range) => contains(range, address)),
  );
  if (free.length < count) throw new CommandFailure('no documentation address is left for test users', 1);
  return free.slice(0, count).map(({ first }) => formatAddress(first));
}
