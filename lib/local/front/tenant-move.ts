/** Moves a tenant from one cell of the front to another: calls in progress end where they are, all others go to the new cell. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell } from '../../cell/cell.ts';
import { itemId, type TenantItem } from '../../front/directory.ts';
import { deriveFront } from '../../front/front.ts';
import { moveOf } from '../../front/move.ts';
import { quote } from '../../software/kamailio/sbc/tenant-tables.ts';
import { activeSbc, listCalls } from '../calls.ts';
import { callKamailio, queryDatabase, type KamailioCall } from '../cell-data.ts';
import { LocalFailure } from '../failure.ts';
import { requireState, type CellState } from '../state.ts';
import { askCell } from './kamailio.ts';
import { requireFrontState, type FrontState } from './state.ts';
import { edgesKnow } from './tenants.ts';
import { directoryOf } from './up.ts';

export interface MoveProgress {
  readonly from: string;
  readonly to: string;
  /** copying: its data go to the new cell; waiting: calls in the old cell; done: the old cell knows it no more. */
  readonly step: 'copying' | 'waiting' | 'done';
  /** Calls that the old cell still holds of it. */
  readonly calls: number;
}

/**
 * @returns once the old cell holds no call of the tenant and knows it no more
 * @throws LocalFailure when there is no such tenant or cell, it moves elsewhere already, or the new cell can't serve it
 */
export async function moveTenant(
  tenant: string,
  to: string,
  {
    front: name,
    onProgress,
    signal,
  }: {
    readonly front?: string;
    readonly onProgress?: (progress: MoveProgress) => void;
    /** Once it is aborted the move stops waiting; the tenant stays in both cells, and the same move goes on from there. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<void> {
  const state = requireFrontState(name);
  const directory = await directoryOf(deriveFront(state.spec), state);
  const { item, from } = await checkedMove(directory, tenant, state, to);
  const [source, target] = [requireState(from), requireState(to)];
  const tell = (step: MoveProgress['step'], calls: number) => onProgress?.({ from, to, step, calls });

  tell('copying', await callsOf(source, tenant));
  const domain = await copyTenant(source, target, tenant);
  await copyLocations(source, target, domain);
  const moving: TenantItem = { ...item, version: Date.now(), cell: to, other: from };
  await directory.put([moving]);
  await edgesKnow(state, moving);
  // Who registered in between.
  await copyLocations(source, target, domain);

  for (let calls = await callsOf(source, tenant); calls > 0; calls = await callsOf(source, tenant)) {
    if (signal?.aborted) return;
    tell('waiting', calls);
    await sleep(300);
  }
  await forgetTenant(source, tenant, domain);
  await directory.put([{ ...moving, version: Date.now(), other: '' }]);
  tell('done', 0);
}

async function checkedMove(
  directory: Awaited<ReturnType<typeof directoryOf>>,
  tenant: string,
  state: FrontState,
  to: string,
): Promise<{ readonly item: TenantItem; readonly from: string }> {
  const entries = await directory.read();
  const items = [...entries.values()].filter((item) => item.kind === 'tenant');
  const item = items.find(({ name }) => name === tenant);
  if (!item) {
    const names = items.map(({ name }) => name).sort();
    const known = names.length > 20 ? `${names.length} tenants` : names.join(', ') || 'no tenant';
    throw new LocalFailure(`the directory has no tenant ${tenant}; it has ${known}`, 2);
  }
  const target = entries.get(itemId({ kind: 'cell', name: to }));
  if (target?.kind !== 'cell') {
    const names = state.cells.map(({ name }) => name).join(', ');
    throw new LocalFailure(`front ${state.name} has no cell ${to}; it has ${names}`, 2);
  }
  const move = moveOf(item, target);
  if ('refused' in move) throw new LocalFailure(move.refused, 2);
  return { item, from: move.from };
}

/** Calls of a tenant that a cell holds. */
async function callsOf(cell: CellState, tenant: string): Promise<number> {
  return (await listCalls(cell.name, tenant)).length;
}

/** Rows of the tables that the SBCs load, of one tenant. */
async function tableRows(
  cell: CellState,
  domain: string,
): Promise<readonly (readonly [table: string, key: string, value: string])[]> {
  const rows = await queryDatabase(
    cell,
    `SELECT 'tenants', key_name, key_value FROM sbc.tenants WHERE key_name = ${quote(domain)}
UNION ALL SELECT 'users', key_name, key_value FROM sbc.users WHERE split_part(key_name, '@', 2) = ${quote(domain)}
UNION ALL SELECT 'callers', key_name, key_value FROM sbc.callers WHERE split_part(key_name, '@', 2) = ${quote(domain)}
UNION ALL SELECT 'sources', key_name, key_value FROM sbc.sources WHERE key_value = ${quote(`tenant|${domain}`)}
UNION ALL SELECT 'dids', key_name, key_value FROM sbc.dids WHERE split_part(key_value, '|', 1) = ${quote(domain)};`,
  );
  return rows.map((row) => row.split('\t') as [string, string, string]);
}

/** Guaranteed calls and their sum as the database has them now. */
const reloadGuarantees: KamailioCall = { method: 'htable.reload', params: ['guarantees'] };

/** Its row, numbers, sources and users; then the tables of both SBCs. @returns its domain */
async function copyTenant(source: CellState, target: CellState, tenant: string): Promise<string> {
  const children = ['dids', 'sources', 'users'];
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
    ...(await tableRows(target, domain)).map(([table, key, value]) => ({
      method: 'htable.sets',
      params: [table, key, value],
    })),
  ]);
  return domain;
}

async function trunksAreThere(target: CellState, tenant: string, trunks: readonly string[]): Promise<void> {
  const there = await queryDatabase(target, 'SELECT name FROM cellstamp.trunks;');
  const missing = trunks.filter((trunk) => !there.includes(trunk));
  if (missing.length === 0) return;
  throw new LocalFailure(
    `cell ${target.name} has no trunk ${missing.join(', ')}, over which tenant ${tenant} calls; it has ${there.join(', ') || 'none'}`,
  );
}

/** Registrations through edges: they hold in the new cell as they are. A phone that came another way registers again. */
async function copyLocations(source: CellState, target: CellState, domain: string): Promise<void> {
  const dump = await askCell(source, ['ul.dump']);
  const calls = dump.split(/\bAoR: /).flatMap((part): readonly KamailioCall[] => {
    const user = part.slice(0, part.indexOf('\n')).trim();
    if (!user.endsWith(`@${domain}`)) return [];
    return part.split(/\bContact: \{/).flatMap((contact): readonly KamailioCall[] => {
      const field = (key: string) => new RegExp(`\\b${key}: (.*)`).exec(contact)?.[1]?.trim() ?? '';
      const expires = Number(field('Expires'));
      if (!field('Path').startsWith('<') || !(expires > 0)) return [];
      const params = ['location', user, field('Address'), expires, 1, field('Path'), 0, Number(field('CFlags')), -1];
      return [{ method: 'ul.add', params }];
    });
  });
  await callKamailio(target, activeSbc(target), calls);
}

async function forgetTenant(source: CellState, tenant: string, domain: string): Promise<void> {
  const rows = await tableRows(source, domain);
  await queryDatabase(source, `DELETE FROM cellstamp.tenants WHERE name = ${quote(tenant)};`);
  await onBothSbcs(source, [
    ...rows.map(([table, key]) => ({ method: 'htable.delete', params: [table, key] })),
    reloadGuarantees,
  ]);
  const dump = await askCell(source, ['ul.dump']);
  const users = [...dump.matchAll(/\bAoR: (\S+)/g)]
    .map(([, user]) => user!)
    .filter((user) => user.endsWith(`@${domain}`));
  await callKamailio(
    source,
    activeSbc(source),
    users.map((user) => ({ method: 'ul.rm', params: ['location', user] })),
  );
}

async function onBothSbcs(cell: CellState, calls: readonly KamailioCall[]): Promise<void> {
  await Promise.all(deriveCell(cell.spec).sbcs.map((sbc) => callKamailio(cell, sbc.name, calls)));
}
