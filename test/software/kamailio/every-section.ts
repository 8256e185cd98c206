import type { CellInput } from '../../../lib/fleet/schema/cell.ts';

/** A cell whose SBCs have every section: what carriers, emergency calls and fraud ask for. */
export const everySection: Partial<CellInput> = {
  routing: { prices: 'prices.csv' },
  trunks: [
    { name: 'psap', address: '192.0.2.1' },
    {
      name: 'carrier-a',
      address: '192.0.2.10',
      credentials: { user: 'acme', passwordVariable: 'CARRIER_PASSWORD' },
      register: {},
      numbers: { form: 'digits' },
      probeSeconds: 30,
    },
  ],
  emergency: { DE: { trunks: ['psap'], test: '19900' } },
  fraud: { byTenant: true },
};
