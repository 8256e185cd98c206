/** Brings a running cell to the tenants and trunks that its file says. */
import type { Customers } from '../software/kamailio/sbc/tenant-tables.ts';
import type { CellPort } from './cell-port.ts';
import { replaceCustomers } from './host-command.ts';

export interface Provisioned {
  /** SBCs that have reloaded their tables. */
  readonly sbcs: readonly string[];
}

/**
 * What is not among the customers goes; users of tenants that stay are not touched, and calls in progress notice nothing. Doing it
 * twice does no harm, and after an interruption the same operation completes it.
 */
export async function provision(port: CellPort, customers: Customers): Promise<Provisioned> {
  return port.exclusively('provision', async () => {
    const sbcs = await port.sbcs();
    for (const sbc of sbcs) await port.run(sbc, replaceCustomers(customers));
    port.noteCustomers(customers);
    return { sbcs };
  });
}
