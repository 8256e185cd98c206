/** What operations do on a host. Targets carry a command out; only these functions make one. */
import { customersScriptPath } from '../software/kamailio/sbc/customers-script.ts';
import { kamailioPaths } from '../software/kamailio/common/paths.ts';
import { drainScript } from '../software/kamailio/sbc/drain-script.ts';
import { paths } from '../software/kamailio/sbc/paths.ts';
import { customersSql, type Customers } from '../software/kamailio/sbc/tenant-tables.ts';

export interface HostCommand {
  /** For messages: `host sbc-1 does not ...`. */
  readonly does: string;
  readonly argv: readonly string[];
  /** Standard input. Default: none. */
  readonly input?: string;
  /** Whether it may write more than a target passes on in one answer. Default: no. */
  readonly isLong?: boolean;
  /** How long it may take. Default: 600. */
  readonly seconds?: number;
}

/** Asks an SBC which media hosts are drained. */
export const askDrained: HostCommand = {
  does: 'tell which media hosts are drained',
  argv: ['kamcmd', '-s', `unix:${paths.control}`, 'htable.dump', 'drains'],
};

/** Numbers of the drained media hosts, from the answer to `askDrained`. */
export function drainedIn(answer: string): ReadonlySet<number> {
  return new Set([...answer.matchAll(/^\s*name: (\d+)$/gm)].map(([, number]) => Number(number)));
}

/**
 * Brings media hosts into service and drains others, on one SBC: it tells the other one.
 * @param hosts numbers of the media hosts that are to change
 * @param inService those of them that are to take new calls; the others are drained
 */
export function setInService(hosts: readonly number[], inService: readonly number[]): HostCommand {
  return { does: 'drain media hosts', argv: ['sh', '-ec', drainScript(hosts, inService)] };
}

/** Asks an edge in which cell a tenant is: the answer has `cell=NAME;`. */
export function askTenant(tenant: string): HostCommand {
  return {
    does: 'tell where a tenant is',
    argv: ['kamcmd', '-s', `unix:${kamailioPaths.control}`, 'htable.get', 'tenant', tenant],
  };
}

/** Makes the database hold these tenants and trunks and no others, and makes the SBC reload its tables. */
export function replaceCustomers(customers: Customers): HostCommand {
  return { does: 'take tenants and trunks', argv: [customersScriptPath], input: customersSql(customers) };
}
