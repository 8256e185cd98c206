import { expect, it } from 'vitest';
import type { CellPort } from '../../lib/operations/cell-port.ts';
import { provision } from '../../lib/operations/provision.ts';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';

const acme = { name: 'acme', domain: 'acme.example.com' };
/** Provisions the tenants of a cell with a route to the emergency services of Germany. @returns the names of what was done to it */
async function provisioned(
  tenants: CellInput['tenants'],
  emergency: CellInput['emergency'] = { DE: { trunks: ['psap'] } },
) {
  const trunks = [{ name: 'psap', address: '192.0.2.1' }];
  const done: string[] = [];
  const port = {
    cell: 'euw1-a',
    exclusively: (operation: string, work: () => Promise<unknown>) => (done.push(operation), work()),
    sbcs: () => Promise.resolve(['sbc-1']),
    run: () => Promise.resolve(''),
    noteCustomers: () => done.push('noted'),
  } as unknown as CellPort;
  const said = await provision(
    port,
    parseCell({ name: 'euw1-a', region: 'eu-west-1', trunks, emergency, tenants }),
  ).then(
    () => '',
    (error: Error) => error.message,
  );
  return { done, said };
}

it('refuses tenants and sites that would reach no emergency services, all at once, and changes nothing', async () => {
  const { done, said } = await provisioned([
    acme,
    { ...acme, name: 'globex', domain: 'globex.example.com', country: 'DE', sites: { paris: { country: 'FR' } } },
  ]);
  expect(said.split('\n')).toEqual([
    'acme has no country, so that nobody knows which emergency services its users call; allowed: DE',
    'paris of globex is in FR, to whose emergency services the cell has no route; allowed: DE, or a route under emergency',
  ]);
  expect(done).toEqual([]);
});

it('takes tenants whose users reach them, and all in a cell without emergency calls', async () => {
  expect(await provisioned([{ ...acme, country: 'DE' }])).toEqual({ done: ['provision', 'noted'], said: '' });
  expect(await provisioned([acme], {})).toEqual({ done: ['provision', 'noted'], said: '' });
});
