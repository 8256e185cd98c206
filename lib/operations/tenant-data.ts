/** What a cell has of a tenant: rows of its database, tables of its SBCs, registrations. Copied to another cell, and forgotten. */
import { quote, type CustomerTable } from '../software/kamailio/sbc/tenant-tables.ts';
import { callKamailio, countCalls, queryDatabase, type KamailioCall } from './cell-data.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import type { MovePort } from './tenant-move.ts';

/** @param portOf @throws UserError when the cell does not run */
export function tenantData(
  portOf: (cell: string) => Promise<CellPort>,
): Pick<MovePort, 'has' | 'copyData' | 'copyRegistrations' | 'calls' | 'forget'> {
  const running = async (cell: string): Promise<RunningCell> => {
    const port = await portOf(cell);
    const sbcs = await port.sbcs();
    return { port, sbcs, active: sbcs[0] };
  };
  const exclusively = async (cell: string, work: (cell: RunningCell) => Promise<void>): Promise<void> => {
    const found = await running(cell);
    await found.port.exclusively('tenant move', () => work(found));
  };
  return {
    has: async (cell, tenant) => (await domainOf(await running(cell), tenant)) !== undefined,

    copyData: (from, to, tenant) => exclusively(to, async (target) => copyTenant(await running(from), target, tenant)),

    async copyRegistrations(from, to, tenant) {
      const [source, target] = [await running(from), await running(to)];
      const domain = await domainOf(source, tenant);
      if (domain !== undefined) await copyLocations(source, target, tenant, domain);
    },

    async calls(cell, tenant) {
      const { port, active } = await running(cell);
      return countCalls(port, active, tenant);
    },

    forget: (cell, tenant) => exclusively(cell, (source) => forgetTenant(source, tenant)),
  };
}

interface RunningCell {
  readonly port: CellPort;
  readonly sbcs: readonly string[];
  readonly active: string;
}

const query = ({ port, active }: RunningCell, sql: string): Promise<readonly string[]> =>
  queryDatabase(port, active, sql);

/** Its domain; undefined where the cell's database has no such tenant. */
async function domainOf(cell: RunningCell, tenant: string): Promise<string | undefined> {
  const [domain] = await query(cell, `SELECT domain FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
  return domain;
}

/** Which rows of the tables that the SBCs load are a tenant's, of the domain `$1` and the name `$2`. Guarantees are reloaded. */
const itsRows: Readonly<Record<Exclude<CustomerTable, 'trunks' | 'guarantees'> | 'users', string>> = {
  tenants: 'key_name = $1',
  users: "split_part(key_name, '@', 2) = $1",
  callers: "split_part(key_name, '@', 2) = $1",
  forwards: "split_part(key_name, '@', 2) = $1",
  sources: "key_value = 'tenant|' || $1",
  dids: "split_part(key_value, '|', 1) = $1",
  codecs: 'key_name = $2',
};

/** Rows of the tables that the SBCs load, of one tenant. */
async function tableRows(
  cell: RunningCell,
  tenant: string,
  domain: string,
): Promise<readonly (readonly [table: string, key: string, value: string])[]> {
  const rows = await query(
    cell,
    `PREPARE rows (text, text) AS ${Object.entries(itsRows)
      .map(([table, condition]) => `SELECT '${table}', key_name, key_value FROM sbc.${table} WHERE ${condition}`)
      .join(' UNION ALL ')};
EXECUTE rows (${quote(domain)}, ${quote(tenant)});`,
  );
  return rows.map((row) => row.split('\t') as [string, string, string]);
}

/** Guaranteed calls and their sum as the database has them now. */
const reloadGuarantees: KamailioCall = { method: 'htable.reload', params: ['guarantees'] };

/** Its row, and all rows that name it; then the tables of both SBCs. */
async function copyTenant(source: RunningCell, target: RunningCell, tenant: string): Promise<void> {
  const children = await query(
    source,
    `SELECT relname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND confrelid = 'cellstamp.tenants'::regclass;`,
  );
  const [json] = await query(
    source,
    `SELECT jsonb_build_object('tenants', jsonb_agg(tenants)${children
      .map(
        (table) =>
          `, '${table}', (SELECT coalesce(jsonb_agg(${table}), '[]') FROM cellstamp.${table} WHERE tenant = ${quote(tenant)})`,
      )
      .join('')}) FROM cellstamp.tenants WHERE name = ${quote(tenant)};`,
  );
  const copy = JSON.parse(json!) as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | null>>;
  const row = copy['tenants']?.[0];
  if (!row) throw new OperationFailure(`cell ${source.port.cell} has no tenant ${tenant}`);
  await trunksAreThere(target, tenant, row['trunks'] as readonly string[]);
  await query(
    target,
    `BEGIN;
DELETE FROM cellstamp.tenants WHERE name = ${quote(tenant)};
${['tenants', ...children]
  .map(
    (table) =>
      `INSERT INTO cellstamp.${table} SELECT * FROM jsonb_populate_recordset(NULL::cellstamp.${table}, ${quote(JSON.stringify(copy[table]))});\n`,
  )
  .join('')}COMMIT;`,
  );
  const domain = String(row['domain']);
  await onBothSbcs(target, [
    reloadGuarantees,
    ...(await tableRows(target, tenant, domain)).map(([table, key, value]) => ({
      method: 'htable.sets',
      params: [table, key, value],
    })),
    // Whether there are sources of fewer than four octets.
    ...(await query(target, "SELECT key_name FROM sbc.sources WHERE key_name = 'wide';")).map((key) => ({
      method: 'htable.seti',
      params: ['sources', key, 1],
    })),
  ]);
}

async function trunksAreThere(target: RunningCell, tenant: string, trunks: readonly string[]): Promise<void> {
  const there = await query(target, 'SELECT name FROM cellstamp.trunks;');
  const missing = trunks.filter((trunk) => !there.includes(trunk));
  if (missing.length === 0) return;
  throw new OperationFailure(
    `cell ${target.port.cell} has no trunk ${missing.join(', ')}, over which tenant ${tenant} calls; it has ${there.join(', ') || 'none'}`,
  );
}

/** What Kamailio says of a registration. */
interface Contact {
  readonly Address: string;
  readonly Expires: number | 'permanent' | 'deleted' | 'expired';
  readonly Path: string;
  readonly CFlags: number;
}

/** The users of a tenant, as the registrar knows them. */
const usersIn = (rows: Awaited<ReturnType<typeof tableRows>>): readonly string[] =>
  rows.flatMap(([table, user]) => (table === 'users' ? [user] : []));

/**
 * Registrations through edges: they hold in the new cell as they are. A phone that came another way registers again. Users are asked for
 * one by one: the list of all registrations of a cell does not fit into an answer.
 */
async function copyLocations(source: RunningCell, target: RunningCell, tenant: string, domain: string): Promise<void> {
  const users = usersIn(await tableRows(source, tenant, domain));
  const found = await callKamailio(
    source.port,
    source.active,
    users.map((user) => ({ method: 'ul.lookup', params: ['location', user] })),
  );
  const calls = users.flatMap((user, at) => {
    const { Contacts: contacts = [] } = (found[at] ?? {}) as {
      readonly Contacts?: readonly { readonly Contact: Contact }[];
    };
    return contacts.flatMap(({ Contact: { Address, Expires, Path, CFlags } }): readonly KamailioCall[] =>
      Path.startsWith('<') && typeof Expires === 'number' && Expires > 0
        ? [{ method: 'ul.add', params: ['location', user, Address, Expires, 1, Path, 0, CFlags, -1] }]
        : [],
    );
  });
  await callKamailio(target.port, target.active, calls);
}

/** The database last: as long as it has the tenant, what was broken off can be done again. */
async function forgetTenant(source: RunningCell, tenant: string): Promise<void> {
  const domain = await domainOf(source, tenant);
  if (domain !== undefined) {
    const rows = await tableRows(source, tenant, domain);
    await onBothSbcs(
      source,
      rows.map(([table, key]) => ({ method: 'htable.delete', params: [table, key] })),
    );
    const users = usersIn(rows);
    await callKamailio(
      source.port,
      source.active,
      users.map((user) => ({ method: 'ul.rm', params: ['location', user] })),
    );
    await query(source, `DELETE FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
  }
  await onBothSbcs(source, [reloadGuarantees]);
}

async function onBothSbcs({ port, sbcs }: RunningCell, calls: readonly KamailioCall[]): Promise<void> {
  await Promise.all(sbcs.map((sbc) => callKamailio(port, sbc, calls)));
}
