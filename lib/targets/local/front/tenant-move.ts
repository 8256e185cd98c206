/** What moves a tenant from one cell of a running front to another. */
import { deriveCell } from '../../../fleet/derive/cell.ts';
import { itemId, type TenantItem } from '../../../fleet/directory.ts';
import { deriveFront } from '../../../fleet/derive/front.ts';
import type { MovePort } from '../../../operations/tenant-move.ts';
import { quote, type CustomerTable } from '../../../software/kamailio/sbc/tenant-tables.ts';
import { activeSbc, listCalls } from '../calls.ts';
import { callKamailio, queryDatabase, type KamailioCall } from '../cell-data.ts';
import { LocalFailure } from '../failure.ts';
import { exclusively, requireState, type CellState } from '../state.ts';
import { requireFrontState } from './state.ts';
import { edgesKnow } from './tenants.ts';
import { directoryOf } from './up.ts';

/** @param name of the front; the only one that is up by default @throws LocalFailure when it is not up */
export async function localMoves(name?: string): Promise<MovePort> {
  const state = requireFrontState(name);
  const directory = await directoryOf(deriveFront(state.spec), state);
  return {
    exclusively: (work) => exclusively(state.name, work),

    async tenant(tenant) {
      const items = [...(await directory.read()).values()].filter((item) => item.kind === 'tenant');
      const item = items.find((each) => each.name === tenant);
      if (item) return item;
      const names = items.map((each) => each.name).sort();
      const known = names.length > 20 ? `${names.length} tenants` : names.join(', ') || 'no tenant';
      throw new LocalFailure(`the directory has no tenant ${tenant}; it has ${known}`, 2);
    },

    async cell(cell) {
      const item = (await directory.read()).get(itemId({ kind: 'cell', name: cell }));
      if (item?.kind === 'cell') return item;
      const names = state.cells.map((each) => each.name).join(', ');
      throw new LocalFailure(`front ${state.name} has no cell ${cell}; it has ${names}`, 2);
    },

    async put(item) {
      const versioned: TenantItem = { ...item, version: Date.now() };
      await directory.put([versioned]);
      await edgesKnow(state, versioned);
    },

    has: async (cell, tenant) => (await domainOf(requireState(cell), tenant)) !== undefined,

    copyData: (from, to, tenant) => exclusively(to, () => copyTenant(requireState(from), requireState(to), tenant)),

    async copyRegistrations(from, to, tenant) {
      const [source, target] = [requireState(from), requireState(to)];
      const domain = await domainOf(source, tenant);
      if (domain !== undefined) await copyLocations(source, target, tenant, domain);
    },

    calls: async (cell, tenant) => (await listCalls(cell, tenant)).length,

    forget: (cell, tenant) => exclusively(cell, () => forgetTenant(requireState(cell), tenant)),
  };
}

/** Its domain; undefined where the cell's database has no such tenant. */
async function domainOf(cell: CellState, tenant: string): Promise<string | undefined> {
  const [domain] = await queryDatabase(cell, `SELECT domain FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
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
  cell: CellState,
  tenant: string,
  domain: string,
): Promise<readonly (readonly [table: string, key: string, value: string])[]> {
  const rows = await queryDatabase(
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
async function copyTenant(source: CellState, target: CellState, tenant: string): Promise<void> {
  const children = await queryDatabase(
    source,
    `SELECT relname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND confrelid = 'cellstamp.tenants'::regclass;`,
  );
  const [json] = await queryDatabase(
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
  if (!row) throw new LocalFailure(`cell ${source.name} has no tenant ${tenant}`);
  await trunksAreThere(target, tenant, row['trunks'] as readonly string[]);
  await queryDatabase(
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
    ...(await queryDatabase(target, "SELECT key_name FROM sbc.sources WHERE key_name = 'wide';")).map((key) => ({
      method: 'htable.seti',
      params: ['sources', key, 1],
    })),
  ]);
}

async function trunksAreThere(target: CellState, tenant: string, trunks: readonly string[]): Promise<void> {
  const there = await queryDatabase(target, 'SELECT name FROM cellstamp.trunks;');
  const missing = trunks.filter((trunk) => !there.includes(trunk));
  if (missing.length === 0) return;
  throw new LocalFailure(
    `cell ${target.name} has no trunk ${missing.join(', ')}, over which tenant ${tenant} calls; it has ${there.join(', ') || 'none'}`,
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
async function copyLocations(source: CellState, target: CellState, tenant: string, domain: string): Promise<void> {
  const users = usersIn(await tableRows(source, tenant, domain));
  const found = await callKamailio(
    source,
    activeSbc(source),
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
  await callKamailio(target, activeSbc(target), calls);
}

/** The database last: as long as it has the tenant, what was broken off can be done again. */
async function forgetTenant(source: CellState, tenant: string): Promise<void> {
  const domain = await domainOf(source, tenant);
  if (domain !== undefined) {
    const rows = await tableRows(source, tenant, domain);
    await onBothSbcs(
      source,
      rows.map(([table, key]) => ({ method: 'htable.delete', params: [table, key] })),
    );
    const users = usersIn(rows);
    await callKamailio(
      source,
      activeSbc(source),
      users.map((user) => ({ method: 'ul.rm', params: ['location', user] })),
    );
    await queryDatabase(source, `DELETE FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
  }
  await onBothSbcs(source, [reloadGuarantees]);
}

async function onBothSbcs(cell: CellState, calls: readonly KamailioCall[]): Promise<void> {
  await Promise.all(deriveCell(cell.spec).sbcs.map((sbc) => callKamailio(cell, sbc.name, calls)));
}
