/** What moves tenants from one cell of a running front to another. */
import { counted } from '../../../config-file/counted.ts';
import { isOfCell, itemId, type TenantItem } from '../../../fleet/directory.ts';
import { deriveFront } from '../../../fleet/derive/front.ts';
import type { EvacuationPort } from '../../../operations/evacuate.ts';
import { tenantData } from '../../../operations/tenant-data.ts';
import { localCell } from '../cell-port.ts';
import { LocalFailure } from '../failure.ts';
import { exclusively } from '../state.ts';
import { requireFrontState } from './state.ts';
import { edgesKnow } from './tenants.ts';
import { directoryOf } from './up.ts';

/** @param name of the front; the only one that is up by default @throws LocalFailure when it is not up */
export async function localMoves(name?: string): Promise<EvacuationPort> {
  const state = requireFrontState(name);
  const directory = await directoryOf(deriveFront(state.spec), state);
  const allTenants = async () => [...(await directory.read()).values()].filter((item) => item.kind === 'tenant');
  return {
    exclusively: (work) => exclusively(state.name, work),

    async tenant(tenant) {
      const items = await allTenants();
      const item = items.find((each) => each.name === tenant);
      if (item) return item;
      const names = items.map((each) => each.name).sort();
      const known = names.length > 20 ? counted(names.length, 'tenant') : names.join(', ') || 'no tenant';
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

    tenants: async (cell, names) => (await allTenants()).filter((item) => isOfCell(item, cell, names)),

    putCell: (item) => directory.put([{ ...item, version: Date.now() }]),

    ...tenantData((cell) => Promise.resolve(localCell(cell))),
  };
}
