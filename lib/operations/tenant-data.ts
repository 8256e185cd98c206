/** What a cell has of a tenant: rows of its database, tables of its SBCs, registrations. Copied to another cell, and forgotten. */
import { quote, quoteName, type CustomerTable } from '../software/kamailio/sbc/tenant-tables.ts';
import { callKamailio, countCalls, type KamailioCall } from './cell-data.ts';
import type { CellPort } from './cell-port.ts';
import type { EvacuationPort } from './evacuate.ts';
import { OperationFailure } from './failure.ts';
import { askCalls, callsIn, endCalls } from './host-command.ts';
import { onAllSbcs, query, sbcsOf, type SbcsOfCell } from './sbcs-of-cell.ts';
import type { TenantRows } from './tenant-backup.ts';

/** @param portOf @throws UserError when the cell does not run */
export function tenantData(
  portOf: (cell: string) => Promise<CellPort>,
): Pick<
  EvacuationPort,
  | 'has'
  | 'copyData'
  | 'copyRegistrations'
  | 'calls'
  | 'forget'
  | 'exclusivelyOn'
  | 'names'
  | 'callsIn'
  | 'endCalls'
  | 'restore'
> {
  /** Cells that an operation of this process has to itself: what it does there needs no further lock. */
  const held = new Set<string>();
  /** One for each cell: what a lock of it guards is what goes by the same port. */
  const ports = new Map<string, Promise<CellPort>>();
  const portTo = (cell: string): Promise<CellPort> => {
    const port = ports.get(cell) ?? portOf(cell);
    ports.set(cell, port);
    return port;
  };
  const running = async (cell: string): Promise<SbcsOfCell> => sbcsOf(await portTo(cell));
  const exclusively = async (cell: string, work: (cell: SbcsOfCell) => Promise<void>): Promise<void> => {
    const found = await running(cell);
    await (held.has(cell) ? work(found) : found.port.exclusively('tenant move', () => work(found)));
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

    async exclusivelyOn(cell, operation, work) {
      const port = await portTo(cell);
      return port.exclusively(operation, async () => {
        held.add(cell);
        try {
          return await work();
        } finally {
          held.delete(cell);
        }
      });
    },

    names: async (cell) => query(await running(cell), 'SELECT name FROM cellstamp.tenants ORDER BY name;'),

    async callsIn(cell) {
      const { port, active } = await running(cell);
      return callsIn(await port.run(active, askCalls));
    },

    async endCalls(cell, ids) {
      const { port, active } = await running(cell);
      await port.run(active, endCalls(ids));
    },

    restore: (to, tenant, rows) => exclusively(to, (target) => putTenant(target, tenant, rows)),
  };
}

/** Its domain; undefined where the cell's database has no such tenant. */
async function domainOf(cell: SbcsOfCell, tenant: string): Promise<string | undefined> {
  const [domain] = await query(cell, `SELECT domain FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
  return domain;
}

/** Which rows of the tables that the SBCs load are a tenant's, of the domain `$1` and the name `$2`. Guarantees are reloaded. */
const itsRows: Readonly<
  Record<Exclude<CustomerTable, 'trunks' | 'accounts' | 'forms' | 'guarantees'> | 'users', string>
> = {
  tenants: 'key_name = $1',
  users: "split_part(key_name, '@', 2) = $1",
  callers: "split_part(key_name, '@', 2) = $1",
  forwards: "split_part(key_name, '@', 2) = $1",
  sources: "key_value = 'tenant|' || $1",
  dids: "split_part(key_value, '|', 1) = $1",
  codecs: 'key_name = $2',
  places: "split_part(key_name, '|', 1) = $1 OR split_part(key_name, '@', 2) = $1",
  outbound: "split_part(key_name, '|', 1) = $2",
};

/** Rows of the tables that the SBCs load, of one tenant. */
async function tableRows(
  cell: SbcsOfCell,
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

/** Its row, and all rows that name it. */
async function copyTenant(source: SbcsOfCell, target: SbcsOfCell, tenant: string): Promise<void> {
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
          `, ${quote(table)}, (SELECT coalesce(jsonb_agg(rows), '[]') FROM cellstamp.${quoteName(table)} rows WHERE tenant = ${quote(tenant)})`,
      )
      .join('')}) FROM cellstamp.tenants WHERE name = ${quote(tenant)};`,
  );
  const copy = JSON.parse(json!) as Readonly<Record<string, TenantRows[string] | null>>;
  if (!copy['tenants']) throw new OperationFailure(`cell ${source.port.cell} has no tenant ${tenant}`);
  await putTenant(target, tenant, copy as TenantRows);
}

/** In place of what the cell has of the tenant: the rows of each table, of the tenant's own first; then the tables of both SBCs. */
async function putTenant(target: SbcsOfCell, tenant: string, { tenants, ...others }: TenantRows): Promise<void> {
  const row = tenants![0]!;
  await trunksAreThere(target, tenant, namesIn(row['trunks']));
  await query(
    target,
    `BEGIN;
DELETE FROM cellstamp.tenants WHERE name = ${quote(tenant)};
${Object.entries({ tenants: tenants!, ...others })
  .filter(([, rows]) => rows.length > 0)
  .map(([table, rows]) => insertRows(table, rows))
  .join('')}COMMIT;`,
  );
  const domain = String(row['domain']);
  await onAllSbcs(target, [
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

/**
 * Columns that a row does not have get their defaults: a backup may be older than one of them. Names are quoted: they are another cell's, and
 * psql would run what follows a backslash in them as a command.
 */
function insertRows(table: string, rows: TenantRows[string]): string {
  const name = `cellstamp.${quoteName(table)}`;
  const columns = Object.keys(rows[0]!).map(quoteName).join(', ');
  return `INSERT INTO ${name} (${columns}) SELECT ${columns}
FROM jsonb_populate_recordset(NULL::${name}, ${quote(JSON.stringify(rows))});\n`;
}

/** Of a column of type text[]: a list, or as PostgreSQL writes one. Names of trunks need no quotes there. */
function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'string') return (value ?? []) as readonly string[];
  return value
    .slice(1, -1)
    .split(',')
    .filter((name) => name !== '');
}

async function trunksAreThere(target: SbcsOfCell, tenant: string, trunks: readonly string[]): Promise<void> {
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
async function copyLocations(source: SbcsOfCell, target: SbcsOfCell, tenant: string, domain: string): Promise<void> {
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
async function forgetTenant(source: SbcsOfCell, tenant: string): Promise<void> {
  const domain = await domainOf(source, tenant);
  if (domain !== undefined) {
    const rows = await tableRows(source, tenant, domain);
    await onAllSbcs(
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
  await onAllSbcs(source, [reloadGuarantees]);
}
