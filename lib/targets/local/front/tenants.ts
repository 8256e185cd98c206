/** Tenants in the directory of a running front. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TenantItem } from '../../../fleet/directory.ts';
import { deriveFront } from '../../../fleet/derive/front.ts';
import { askEdge } from './kamailio.ts';
import type { FrontState } from './state.ts';
import { directoryOf } from './up.ts';

/** An edge knows of a change within two seconds; one that is away holds nobody up longer than this. Milliseconds. */
const edgesPatience = 5000;

/**
 * Puts a tenant into the directory and waits until the edges know it.
 * @returns how to take it out
 */
export async function addTenant(
  state: FrontState,
  {
    name,
    cell,
    domain,
    dids,
  }: { readonly name: string; readonly cell: string; readonly domain: string; readonly dids: readonly string[] },
): Promise<() => Promise<void>> {
  const directory = await directoryOf(deriveFront(state.spec), state);
  const keys = [`d:${domain}`, ...dids.map((number) => `n:${number}`)];
  const item: TenantItem = { kind: 'tenant', name, version: Date.now(), cell, other: '', keys };
  await directory.put([item]);
  await edgesKnow(state, item);
  return () => directory.remove([item]);
}

/** Waits until every edge sends the tenant's new calls to its new cell. */
export async function edgesKnow(state: FrontState, { name, cell }: TenantItem): Promise<void> {
  const deadline = Date.now() + edgesPatience;
  const edges = deriveFront(state.spec).edges;
  const knows = async (edge: string) =>
    (await askEdge(state, edge, ['htable.get', 'tenant', name]))?.includes(`cell=${cell};`) === true;
  for (const edge of edges) {
    while (!(await knows(edge.name)) && Date.now() < deadline) await sleep(50);
  }
}
