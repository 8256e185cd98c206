/** What operations do on a host. Targets carry a command out; only these functions make one. */
import { callsProgram } from '../software/call-watch/paths.ts';
import { paths as freeswitch } from '../software/freeswitch/paths.ts';
import { customersScriptPath } from '../software/kamailio/sbc/customers-script.ts';
import { kamailioPaths } from '../software/kamailio/common/paths.ts';
import { drainScript } from '../software/kamailio/sbc/drain-script.ts';
import { paths } from '../software/kamailio/sbc/paths.ts';
import type { PriceRoutes } from '../fleet/prices.ts';
import {
  customersSql,
  routesSql,
  type Customers,
  type TrunkPasswords,
} from '../software/kamailio/sbc/tenant-tables.ts';

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

/** Asks an SBC how many calls count on each tenant, trunk and media host. */
export const askLoad: HostCommand = {
  does: 'tell how many calls there are',
  argv: ['kamcmd', '-s', `unix:${paths.control}`, 'htable.dump', 'load'],
  isLong: true,
};

/** Calls by the number of the relay that they are on, from the answer to `askLoad`. */
export function relayedIn(answer: string): ReadonlyMap<number, number> {
  const entries = answer.matchAll(/^\s*name: m:(\d+)\s+value: (-?\d+)/gm);
  return new Map([...entries].map(([, number, calls]) => [Number(number), Number(calls)]));
}

/** Asks an SBC for all calls. */
export const askCalls: HostCommand = { does: 'tell its calls', argv: [callsProgram, 'list'], isLong: true };

/** A call as an SBC tells it. */
export interface ToldCall {
  /** Call-ID of the caller's side. */
  readonly call: string;
  /** Name of the call, which no other has. */
  readonly id: string;
  readonly tenant: string;
  readonly from: string;
  readonly to: string;
  /** Name of the media host whose relay it is on. */
  readonly media: string;
}

/** From the answer to `askCalls`. */
export function callsIn(answer: string): readonly ToldCall[] {
  const lines = answer.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ToldCall);
}

/** Has the active SBC end calls, with a BYE to each side. @param ids names of the calls */
export function endCalls(ids: readonly string[]): HostCommand {
  // One that has ended by itself meanwhile is not a failure.
  return { does: 'end calls', argv: ['sh', '-c', '"$@" || true', 'end', callsProgram, 'end', ...ids], isLong: true };
}

/** FreeSWITCH takes no new calls, and the SBCs go elsewhere; its calls notice nothing. */
export const pauseFreeswitch: HostCommand = {
  does: 'keep FreeSWITCH from new calls',
  argv: [freeswitch.cli, '-x', 'fsctl pause inbound'],
};

export const resumeFreeswitch: HostCommand = {
  does: 'let FreeSWITCH take new calls',
  argv: [freeswitch.cli, '-x', 'fsctl resume inbound'],
};

/** Asks FreeSWITCH for the legs of its calls. */
export const askFreeswitch: HostCommand = {
  does: 'tell the calls of FreeSWITCH',
  argv: [freeswitch.cli, '-x', 'show channels as json'],
  isLong: true,
};

/** Ends the calls of FreeSWITCH, with a BYE to each. */
export const endFreeswitchCalls: HostCommand = {
  does: 'end the calls of FreeSWITCH',
  argv: [freeswitch.cli, '-x', 'hupall normal_clearing'],
};

/** Asks an edge in which cell a tenant is: the answer has `cell=NAME;`. */
export function askTenant(tenant: string): HostCommand {
  return {
    does: 'tell where a tenant is',
    argv: ['kamcmd', '-s', `unix:${kamailioPaths.control}`, 'htable.get', 'tenant', tenant],
  };
}

/** Makes the database hold these tenants and trunks and no others, and makes the SBC reload its tables. */
export function replaceCustomers(customers: Customers, passwords?: TrunkPasswords, routes?: PriceRoutes): HostCommand {
  const sql = customersSql(customers, passwords) + (routes === undefined ? '' : routesSql(routes));
  return { does: 'take tenants and trunks', argv: [customersScriptPath], input: sql };
}
