/** Brings a running cell to the tenants and trunks that its file says. */
import { unreachableUsers } from '../fleet/rules/emergency.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { carrierPasswords, storedPasswords, type Environment } from './carrier-passwords.ts';
import type { PriceRoutes } from '../fleet/prices.ts';
import { queryDatabase } from './cell-data.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import { replaceCustomers } from './host-command.ts';

export interface Provisioned {
  /** SBCs that have reloaded their tables. */
  readonly sbcs: readonly string[];
}

export interface ProvisionOptions {
  /** Has the passwords of accounts with carriers. Default: the cell keeps those that it has. */
  readonly environment?: Environment;
  /** By which trunks numbers leave. Default: the cell keeps what it has. */
  readonly routes?: PriceRoutes;
}

/**
 * What is not among the customers goes; users of tenants that stay are not touched, and calls in progress notice nothing. Doing it
 * twice does no harm, and after an interruption the same operation completes it.
 *
 * @throws OperationFailure when the cell takes no tenants and would get one, when a trunk has credentials and no password, or when it takes
 * emergency calls and users of a tenant or a site would reach no emergency services
 */
export async function provision(
  port: CellPort,
  spec: Pick<CellSpec, 'tenants' | 'trunks' | 'state' | 'emergency'>,
  { environment = {}, routes }: ProvisionOptions = {},
): Promise<Provisioned> {
  const { tenants, trunks, state } = spec;
  const unreachable = [...unreachableUsers(spec)];
  if (unreachable.length > 0) {
    throw new OperationFailure(
      unreachable.map(({ message, allowed }) => `${message}; allowed: ${allowed}`).join('\n'),
      2,
    );
  }
  const customers = { tenants, trunks };
  return port.exclusively('provision', async () => {
    const sbcs = await port.sbcs();
    if (!['planned', 'active'].includes(state)) await refuseNew(port, sbcs[0], tenants, state);
    const passwords = await carrierPasswords(trunks, environment, () => queryDatabase(port, sbcs[0], storedPasswords));
    for (const sbc of sbcs) await port.run(sbc, replaceCustomers(customers, passwords, routes));
    port.noteCustomers(customers);
    return { sbcs };
  });
}

/** A cell that is emptied gets none back that has left it. */
async function refuseNew(
  port: CellPort,
  sbc: string,
  tenants: CellSpec['tenants'],
  state: CellSpec['state'],
): Promise<void> {
  const there = await queryDatabase(port, sbc, 'SELECT name FROM cellstamp.tenants;');
  const added = tenants.map(({ name }) => name).filter((name) => !there.includes(name));
  if (added.length === 0) return;
  throw new OperationFailure(
    `cell ${port.cell} is ${state} and takes no tenant, and its file has some that the running cell does not: ${added.join(', ')}; allowed: a cell that is active`,
    2,
  );
}
