/** Users of a tenant on a running cell: in its database, and in the tables of both SBCs. Nothing restarts. */
import { randomBytes } from 'node:crypto';
import { suggestion } from '../config-file/allowed.ts';
import { ha1, quote, usersSql } from '../software/kamailio/sbc/tenant-tables.ts';
import { callKamailio } from './cell-data.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import { onAllSbcs, query, sbcsOf, type SbcsOfCell } from './sbcs-of-cell.ts';

/** What a phone needs to register. */
export interface Credentials {
  readonly user: string;
  /** Of the tenant: the realm, and what follows `@` in the user's address. */
  readonly domain: string;
  /** Made by chance, 144 bits of it. The cell keeps only a hash. */
  readonly password: string;
}

/**
 * Adds a user with a password of its own.
 * @throws OperationFailure when the cell has no such tenant, or the tenant has the user already
 */
export function addUser(port: CellPort, tenant: string, user: string): Promise<Credentials> {
  return port.exclusively('user add', async () => {
    const cell = await sbcsOf(port);
    const domain = await domainOf(cell, tenant);
    if ((await usersOf(cell, tenant)).includes(user)) {
      throw new OperationFailure(
        `tenant ${tenant} of cell ${port.cell} has a user ${user}; \`npx cellstamp user password ${tenant} ${user}\` gives it a new password`,
      );
    }
    return writePassword(cell, { tenant, domain, user });
  });
}

/**
 * Gives a user a new password. The old one is refused from the next log-in on; registrations last until they expire.
 * @throws OperationFailure when the cell has no such tenant or user
 */
export function changePassword(port: CellPort, tenant: string, user: string): Promise<Credentials> {
  return port.exclusively('user password', async () => {
    const cell = await sbcsOf(port);
    const domain = await domainOf(cell, tenant);
    requireUser(cell, tenant, user, await usersOf(cell, tenant));
    return writePassword(cell, { tenant, domain, user });
  });
}

/**
 * Removes a user and its registrations. Its calls go on. Numbers and forwards that name it stay: they are in the cell's file.
 * After an interruption the same operation completes it.
 * @throws OperationFailure when the cell has no such tenant or user
 */
export function removeUser(port: CellPort, tenant: string, user: string): Promise<void> {
  return port.exclusively('user remove', async () => {
    const cell = await sbcsOf(port);
    const key = `${user}@${await domainOf(cell, tenant)}`;
    const users = await usersOf(cell, tenant);
    await query(cell, `DELETE FROM cellstamp.users WHERE tenant = ${quote(tenant)} AND name = ${quote(user)};`);
    await onAllSbcs(cell, [{ method: 'htable.delete', params: ['users', key] }]);
    await callKamailio(port, cell.active, [{ method: 'ul.rm', params: ['location', key] }]);
    requireUser(cell, tenant, user, users);
  });
}

/** Names of a tenant's users, sorted. @throws OperationFailure when the cell has no such tenant */
export async function listUsers(port: CellPort, tenant: string): Promise<readonly string[]> {
  const cell = await sbcsOf(port);
  await domainOf(cell, tenant);
  return usersOf(cell, tenant);
}

async function domainOf(cell: SbcsOfCell, tenant: string): Promise<string> {
  const tenants = (await query(cell, 'SELECT name, domain FROM cellstamp.tenants ORDER BY name;')).map((row) =>
    row.split('\t'),
  );
  const domain = tenants.find(([name]) => name === tenant)?.[1];
  if (domain !== undefined) return domain;
  throw new OperationFailure(
    `cell ${cell.port.cell} has no tenant ${tenant}${suggestion(
      tenant,
      tenants.map(([name]) => name!),
    )}; \`npx cellstamp provision ${cell.port.cell}\` gives it the tenants of its file`,
    2,
  );
}

const usersOf = (cell: SbcsOfCell, tenant: string) =>
  query(cell, `SELECT name FROM cellstamp.users WHERE tenant = ${quote(tenant)} ORDER BY name;`);

function requireUser(cell: SbcsOfCell, tenant: string, user: string, users: readonly string[]): void {
  if (users.includes(user)) return;
  throw new OperationFailure(
    `tenant ${tenant} of cell ${cell.port.cell} has no user ${user}${suggestion(user, users)}`,
    2,
  );
}

async function writePassword(
  cell: SbcsOfCell,
  { tenant, domain, user }: { readonly tenant: string; readonly domain: string; readonly user: string },
): Promise<Credentials> {
  const password = randomBytes(18).toString('base64url');
  await query(cell, usersSql([{ tenant, domain, name: user, password }]));
  const key = `${user}@${domain}`;
  await onAllSbcs(cell, [
    { method: 'htable.sets', params: ['users', key, ha1(user, domain, password)] },
    // An SBC that was asked for the user before remembers for a while that there is none.
    { method: 'htable.delete', params: ['strangers', key] },
  ]);
  return { user, domain, password };
}
