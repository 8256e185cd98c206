/** Tenants and trunks of a spec on a running cell: into its database, and into the tables of both SBCs. Nothing restarts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from '../../fleet/derive/cell.ts';
import { customersSql, tableCalls, type Customers, type RpcCall } from '../../software/kamailio/sbc/tenant-tables.ts';
import { carrierPasswords, storedPasswords } from '../../operations/carrier-passwords.ts';
import { callKamailio, queryDatabase } from './cell-data.ts';
import { cellFolder, replaceFile, requireState, writeState, type CellState } from './state.ts';

const nobody: Customers = { tenants: [], trunks: [] };

/** The tenants and trunks that the cell was last told, and whether every host knows them. */
interface Told {
  readonly customers: Customers;
  readonly complete: boolean;
}

const fileOf = (cell: string) => join(cellFolder(cell), 'customers.json');

function lastTold(cell: string): Told {
  return existsSync(fileOf(cell))
    ? (JSON.parse(readFileSync(fileOf(cell), 'utf8')) as Told)
    : { customers: nobody, complete: false };
}

function remember(cell: string, told: Told): void {
  replaceFile(fileOf(cell), JSON.stringify(told));
}

/** Says that the database and every SBC now have these tenants and trunks, whoever told them. */
export function rememberCustomers(cell: string, { tenants, trunks }: Customers): void {
  const state = requireState(cell);
  writeState({ ...state, spec: { ...state.spec, tenants, trunks } });
  remember(cell, { customers: { tenants, trunks }, complete: true });
}

/** Says that hosts are recreated, which know of no tenants: the next `syncCustomers` tells all again. */
export function forgetCustomers(cell: string): void {
  remember(cell, { ...lastTold(cell), complete: false });
}

/**
 * Makes the cell serve the tenants and trunks of its spec and no others. Does nothing where it did so already, unless this
 * process's environment has passwords of carriers.
 * @throws OperationFailure when a trunk has credentials and no password.
 * @throws LocalFailure when the database or an SBC does not take them.
 */
export async function syncCustomers(cell: Cell, state: CellState): Promise<void> {
  const { customers: before, complete } = lastTold(cell.name);
  const after: Customers = { tenants: cell.spec.tenants, trunks: cell.spec.trunks };
  const passwords = await carrierPasswords(after.trunks, process.env, () => queryDatabase(state, storedPasswords));
  if (complete && passwords.size === 0 && JSON.stringify(before) === JSON.stringify(after)) return;

  await queryDatabase(state, customersSql(after, passwords));
  // A recreated SBC may have loaded its tables from an empty database.
  const calls = complete
    ? tableCalls(before, after)
    : [...tableCalls(nobody, after), ...tableCalls(before, after).filter(isDeletion)];
  // With a tenant its users have gone from the database.
  const domains = after.tenants.map(({ domain }) => domain);
  const gone = before.tenants.some(({ domain }) => !domains.includes(domain));
  const stale = [
    ...(gone ? ['users'] : []),
    ...(after.trunks.some(({ credentials }) => credentials) ? ['passwords'] : []),
  ];
  const reload = stale.map((table) => ({ method: 'htable.reload', params: [table] }));
  await Promise.all(cell.sbcs.map((sbc) => callKamailio(state, sbc.name, [...calls, ...reload])));
  remember(cell.name, { customers: after, complete: true });
}

const isDeletion = (call: RpcCall) => call.method === 'htable.delete';
