/**
 * Tenants and trunks as data: the SQL that makes the database hold them, and the calls that bring the tables of a running SBC up
 * to date. Changing a tenant is: run the SQL, then send the calls to both SBCs. Nothing restarts, and no infrastructure
 * changes.
 */
import { createHash } from 'node:crypto';
import { formatAddress, parseRange, rangeSize } from '../../../fleet/range.ts';
import type { PriceRoutes } from '../../../fleet/prices.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import {
  accountRow,
  callsPer100Seconds,
  formRow,
  forwardRow,
  isAddress,
  rowValue,
  tenantRow,
  trunkRow,
  usualForm,
} from './table-rows.ts';

/** What the tables are made from: these two lists of a cell's spec. */
export type Customers = Pick<CellSpec, 'tenants' | 'trunks'>;

/** A user of a tenant, with the password as it was chosen; it goes no further than `ha1`. */
export interface TenantUser {
  /** Name of the tenant. */
  readonly tenant: string;
  readonly domain: string;
  /** Letters, digits, dot, underscore, hyphen; begins with a letter or digit; at most 63 characters. */
  readonly name: string;
  readonly password: string;
}

/** Passwords of accounts with carriers, by the names of their trunks. */
export type TrunkPasswords = ReadonlyMap<string, string>;

/** A request of Kamailio's JSON-RPC interface (`paths.jsonRpc`, a datagram a request). */
export interface RpcCall {
  readonly jsonrpc: '2.0';
  readonly method: 'htable.sets' | 'htable.seti' | 'htable.delete' | 'htable.reload';
  readonly params: readonly (string | number)[];
  readonly id: number;
}

/** HA1 of RFC 2617: all that digest authentication needs of a password. */
export function ha1(name: string, domain: string, password: string): string {
  return createHash('md5').update(`${name}:${domain}:${password}`).digest('hex');
}

/** A text as an SQL literal, whatever is in it; PostgreSQL's standard_conforming_strings is on. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('PostgreSQL takes no text with a zero byte');
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name of a table or column in SQL, whatever is in it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * SQL that makes the database hold exactly these trunks and tenants. What is not among them goes, with its numbers, sources and
 * users; users of tenants that stay are not touched. One transaction; repeatable.
 * @param passwords of accounts with carriers. Default: a trunk keeps the password that it has.
 */
export function customersSql({ tenants, trunks }: Customers, passwords: TrunkPasswords = new Map()): string {
  const list = (texts: readonly string[]) => `ARRAY[${texts.map(quote).join(', ')}]::text[]`;
  const names = (things: readonly { readonly name: string }[]) => list(things.map(({ name }) => name));
  return `BEGIN;
DELETE FROM cellstamp.sources;
DELETE FROM cellstamp.dids;
DELETE FROM cellstamp.forwards;
DELETE FROM cellstamp.tenants WHERE name <> ALL (${names(tenants)});
DELETE FROM cellstamp.trunks WHERE name <> ALL (${names(trunks)});
${upsert(
  'trunks',
  [
    ...['name', 'position', 'address', 'port', 'transport', 'calls', 'calls_per_second', 'burst', 'fail_over_on'],
    ...['account_user', 'account_realm', 'register_seconds', 'register_domain'],
    ...['number_form', 'number_country', 'number_trunk_prefix', 'number_prefix', 'number_strip'],
    ...['identity', 'diversion', 'probe_seconds'],
  ],
  'name',
  trunks.map(({ name, address, port, transport, limits, failOverOn, credentials, register, ...trunk }, index) => [
    quote(name),
    index,
    quote(address),
    port,
    quote(transport),
    limits.calls,
    callsPer100Seconds(limits) / 100,
    limits.burst,
    `ARRAY[${failOverOn.join(', ')}]::integer[]`,
    quote(credentials?.user ?? ''),
    quote(credentials?.realm ?? ''),
    register?.expiresSeconds ?? 'NULL',
    register?.domain === undefined ? 'NULL' : quote(register.domain),
    ...[trunk.numbers.form, trunk.numbers.country ?? '', trunk.numbers.trunkPrefix].map(quote),
    ...[trunk.numbers.prefix, trunk.numbers.strip, trunk.identity, trunk.diversion].map(quote),
    trunk.probeSeconds ?? 'NULL',
  ]),
)}${upsert(
    'passwords',
    ['trunk', 'password'],
    'trunk',
    [...passwords].map(([trunk, password]) => [quote(trunk), quote(password)]),
  )}DELETE FROM cellstamp.passwords WHERE trunk IN (SELECT name FROM cellstamp.trunks WHERE account_user = '');
${upsert(
  'tenants',
  [
    ...['name', 'domain', 'tier', 'calls', 'guaranteed_calls', 'calls_per_second', 'burst'],
    ...['longest_minutes', 'one_sided_seconds', 'codecs', 'trunks'],
    ...['exchange_address', 'exchange_port', 'exchange_transport'],
  ],
  'name',
  tenants.map(({ name, domain, tier, limits, codecs, trunks: chosen, exchange }) => [
    quote(name),
    quote(domain),
    quote(tier),
    limits.calls,
    limits.guaranteedCalls,
    callsPer100Seconds(limits) / 100,
    limits.burst,
    limits.longestMinutes ?? 'NULL',
    limits.oneSidedSeconds ?? 'NULL',
    list(codecs),
    list(chosen),
    ...(exchange === undefined
      ? ['NULL', 'NULL', 'NULL']
      : [quote(exchange.address), exchange.port, quote(exchange.transport)]),
  ]),
)}${upsert(
    'dids',
    ['number', 'tenant', 'target'],
    'number',
    tenants.flatMap(({ name, dids }) =>
      Object.entries(dids).map(([number, target]) => [quote(number), quote(name), quote(target)]),
    ),
  )}${upsert(
    'forwards',
    ['tenant', 'name', 'always', 'busy', 'no_answer', 'no_answer_seconds', 'not_registered'],
    'tenant, name',
    tenants.flatMap((tenant) =>
      Object.entries(tenant.forwards).map(([name, { always, busy, noAnswer, noAnswerSeconds, notRegistered }]) => [
        ...[quote(tenant.name), quote(name), quote(always ?? ''), quote(busy ?? '')],
        ...[quote(noAnswer ?? ''), noAnswerSeconds, quote(notRegistered ?? '')],
      ]),
    ),
  )}${upsert('sources', ['network', 'trunk', 'tenant'], 'network', [
    ...trunks.flatMap(({ name, sources }) => sources.map((network) => [quote(network), quote(name), 'NULL'])),
    ...tenants.flatMap(({ name, sources }) => sources.map((network) => [quote(network), 'NULL', quote(name)])),
  ])}COMMIT;
`;
}

/** SQL that makes the database hold exactly these routes. One transaction; repeatable. */
export function routesSql(routes: PriceRoutes): string {
  const rows = [...routes].map(([prefix, trunks]) => [quote(prefix), `'{${trunks.join(',')}}'`]);
  return `BEGIN;\nDELETE FROM cellstamp.routes;\n${upsert('routes', ['prefix', 'trunks'], 'prefix', rows)}COMMIT;\n`;
}

/** SQL that adds users, or gives them new passwords. Repeatable. */
export function usersSql(users: readonly TenantUser[]): string {
  return upsert(
    'users',
    ['tenant', 'name', 'ha1'],
    'tenant, name',
    users.map(({ tenant, domain, name, password }) => [quote(tenant), quote(name), quote(ha1(name, domain, password))]),
  );
}

function upsert(
  table: string,
  columns: readonly string[],
  key: string,
  rows: readonly (readonly (string | number)[])[],
): string {
  if (rows.length === 0) return '';
  const set = columns.filter((column) => !key.split(', ').includes(column));
  return `INSERT INTO cellstamp.${table} (${columns.join(', ')}) VALUES
${rows.map((row) => `  (${row.join(', ')})`).join(',\n')}
ON CONFLICT (${key}) DO UPDATE SET ${set.map((column) => `${column} = EXCLUDED.${column}`).join(', ')};
`;
}

/** The tables that follow from trunks and tenants, as the database's views show them: table, key, value. */
export type TableRows = Readonly<Record<CustomerTable, ReadonlyMap<string, string | number>>>;
/** The tables that follow from trunks and tenants. */
export type CustomerTable =
  'trunks' | 'accounts' | 'forms' | 'guarantees' | 'codecs' | 'tenants' | 'sources' | 'callers' | 'forwards' | 'dids';

/** In the order in which additions make sense to a call that comes in between. */
const customerTables: readonly CustomerTable[] = [
  'trunks',
  'accounts',
  'forms',
  'guarantees',
  'codecs',
  'tenants',
  'sources',
  'callers',
  'forwards',
  'dids',
];

/** What the SBC's tables hold for these trunks and tenants; the same rows as the views of `../postgresql/schema.ts`. */
export function tableRows(customers: Customers): TableRows {
  const { tenants, trunks } = customers;
  const numbers = tenants.flatMap(({ domain, dids }) =>
    Object.entries(dids).map(([number, target]) => ({ domain, number, target })),
  );
  const callers = new Map<string, string>();
  for (const { domain, number, target } of numbers) {
    const user = `${target}@${domain}`;
    if (/^[*@]/.test(target)) continue;
    if (!(callers.get(user)! <= number)) callers.set(user, number);
  }
  return {
    trunks: new Map([
      ...trunks.map((trunk) => [trunk.name, rowValue(trunkRow, trunk)] as const),
      ...(trunks.length === 0 ? [] : [['*', trunks.map(({ name }) => name).join(':')] as const]),
    ]),
    accounts: new Map(
      trunks
        .filter(({ credentials }) => credentials !== undefined)
        .map((trunk) => [trunk.name, rowValue(accountRow, trunk)]),
    ),
    forms: new Map(
      trunks.map((trunk) => [trunk.name, rowValue(formRow, trunk)] as const).filter(([, form]) => form !== usualForm),
    ),
    tenants: new Map(tenants.map((tenant) => [tenant.domain, rowValue(tenantRow, tenant)])),
    guarantees: guaranteeRows(customers),
    codecs: new Map(
      tenants
        .filter(({ codecs }) => codecs.length > 0)
        .map(({ name, codecs }) => [
          name,
          ['codec-strip-all', ...[...codecs, 'telephone-event'].map((codec) => `codec-offer-${codec}`)].join(' '),
        ]),
    ),
    sources: sourceRows(customers),
    callers,
    forwards: new Map(
      tenants.flatMap(({ domain, forwards }) =>
        Object.entries(forwards).map(
          ([user, forward]) => [`${user}@${domain}`, rowValue(forwardRow, forward)] as const,
        ),
      ),
    ),
    dids: new Map(numbers.map(({ domain, number, target }) => [number, `${domain}|${target}`])),
  };
}

/** Guaranteed calls by tenant, and their sum: the shared part is what they leave. No row where nothing is guaranteed. */
function guaranteeRows({ tenants }: Customers): ReadonlyMap<string, number> {
  const rows = tenants
    .filter(({ limits }) => limits.guaranteedCalls > 0)
    .map(({ name, limits }) => [name, limits.guaranteedCalls] as const);
  const sum = rows.reduce((total, [, calls]) => total + calls, 0);
  return new Map(sum === 0 ? [] : [...rows, ['*', sum]]);
}

/** Ranges are looked up by their whole octets: 192.0.2.128/25 has 128 keys of four octets, 198.18.0.0/15 has two of two. */
function sourceRows({ tenants, trunks }: Customers): ReadonlyMap<string, string | number> {
  const owned = [
    ...trunks.flatMap(({ name, sources }) => sources.map((range) => ({ range, owner: `trunk|${name}` }))),
    ...tenants.flatMap(({ domain, sources }) => sources.map((range) => ({ range, owner: `tenant|${domain}` }))),
  ];
  const inRange = (address: string) =>
    owned.some(({ range }) => {
      const { first, prefix } = parseRange(range);
      const offset = parseRange(`${address}/32`).first - first;
      return offset >= 0 && offset < rangeSize({ first, prefix });
    });
  const own = trunks
    .filter(({ address }) => isAddress(address) && !inRange(address))
    .map(({ name, address }) => ({ range: `${address}/32`, owner: `trunk|${name}` }));
  const rows = new Map<string, string | number>();
  let wide = false;
  for (const { range, owner } of [...owned, ...own]) {
    const { first, prefix } = parseRange(range);
    const octets = Math.ceil(prefix / 8);
    const step = 2 ** (32 - 8 * octets);
    for (let address = first; address < first + rangeSize({ first, prefix }); address += step) {
      const key = formatAddress(address).split('.').slice(0, octets).join('.');
      const other = rows.get(key);
      if (other === undefined || owner < String(other)) rows.set(key, owner);
    }
    wide ||= octets < 4;
  }
  if (wide) rows.set('wide', 1);
  return rows;
}

/**
 * The calls that bring a running SBC's tables from one state of its customers to another; additions first, so that no call in
 * between meets half a tenant. Sending them twice does no harm.
 */
export function tableCalls(before: Customers, after: Customers): readonly RpcCall[] {
  const [old, now] = [tableRows(before), tableRows(after)];
  const calls: Omit<RpcCall, 'id' | 'jsonrpc'>[] = [];
  for (const table of customerTables) {
    for (const [key, value] of now[table]) {
      if (old[table].get(key) === value) continue;
      calls.push({ method: typeof value === 'number' ? 'htable.seti' : 'htable.sets', params: [table, key, value] });
    }
  }
  for (const table of [...customerTables].reverse()) {
    for (const key of old[table].keys()) {
      if (!now[table].has(key)) calls.push({ method: 'htable.delete', params: [table, key] });
    }
  }
  return numbered(calls);
}

function numbered(calls: readonly Omit<RpcCall, 'id' | 'jsonrpc'>[]): readonly RpcCall[] {
  return calls.map((call, index) => ({ jsonrpc: '2.0', ...call, id: index + 1 }));
}
