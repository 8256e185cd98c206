/** What an operation makes of the probe's answers. That hosts really fail is in test/end-to-end/cell/probe.faults.test.ts. */
import { expect, it } from 'vitest';
import { probedIn, probeFaults } from '../../lib/operations/probes.ts';
import { roll, type RollPort } from '../../lib/operations/roll.ts';

const silent = 'its call has no audio in either direction';

/** A cell whose hosts are renewed one after the other; `failing` names, for each SBC, what its probe finds at fault. */
function paperCell(failing: (sbc: string, renewed: readonly string[]) => readonly string[]): {
  readonly port: RollPort;
  readonly renewed: string[];
} {
  const renewed: string[] = [];
  const port: RollPort = {
    cell: 'a',
    exclusively: (_, work) => work(),
    sbcs: async () => ['sbc-1', 'sbc-2'],
    hosts: async () => [
      { name: 'media-1', kind: 'media', active: false },
      { name: 'media-2', kind: 'media', active: false },
      { name: 'sbc-1', kind: 'sbc', active: true },
      { name: 'sbc-2', kind: 'sbc', active: false },
    ],
    renew: async (host) => void renewed.push(host),
    run: async (sbc) => {
      const bad = failing(sbc, renewed);
      if (bad.includes('unreachable')) throw new Error(`host ${sbc} of cell a is not reached`);
      const parts = ['media-1', 'media-2', 'sbc', 'record', 'database'];
      return JSON.stringify(
        Object.fromEntries(
          parts.map((part) => [part, { good: !bad.includes(part), why: bad.includes(part) ? silent : null }]),
        ),
      );
    },
    troubles: async () => [],
    noteCustomers: () => undefined,
  };
  return { port, renewed };
}

/** Rolls by a clock of its own: what does not get well in a minute has not got well. */
async function rolled(cell: ReturnType<typeof paperCell>): Promise<string> {
  const begin = Date.now();
  let looks = 0;
  const now = Date.now;
  Date.now = () => begin + looks++ * 40_000;
  try {
    await roll(cell.port);
    return 'done';
  } catch (error) {
    return (error as Error).message;
  } finally {
    Date.now = now;
  }
}

it('is nothing where a cell has no probe, and a host that was not called is at no fault', async () => {
  expect(probedIn('')).toEqual(new Map());
  const { port } = paperCell(() => []);
  expect(await probeFaults(port, ['sbc-1'])).toEqual(new Map());
  const run = async () => JSON.stringify({ 'media-1': { good: null, why: 'drained' } });
  expect(await probeFaults({ run }, ['sbc-1'])).toEqual(new Map());
});

it('stops a roll at the host whose calls fail after it was renewed', async () => {
  const cell = paperCell((sbc, renewed) => (sbc === 'sbc-2' && renewed.includes('media-1') ? ['media-1'] : []));
  expect(await rolled(cell)).toBe(
    `media-1 of cell a was renewed, and now the probe of sbc-2 finds media-1 at fault: ${silent}. No further host is touched`,
  );
  expect(cell.renewed).toEqual(['media-1']);
});

it('stops a roll when another host begins to fail', async () => {
  const cell = paperCell((_, renewed) => (renewed.includes('media-2') ? ['database'] : []));
  expect(await rolled(cell)).toMatch(
    /^media-2 of cell a was renewed, and now the probe of sbc-1 finds database at fault/,
  );
});

it('lets a roll mend what failed before, and no host stay as it was that was to be mended', async () => {
  const mended = paperCell((_, renewed) => (renewed.includes('media-2') ? [] : ['media-2']));
  expect(await rolled(mended)).toBe('done');
  expect(mended.renewed).toEqual(['media-1', 'media-2', 'sbc-2', 'sbc-1']);
  const broken = paperCell(() => ['media-2']);
  expect(await rolled(broken)).toMatch(/^media-2 of cell a was renewed, and now/);
});

it('lets a roll begin while an SBC can’t be asked, and not end so', async () => {
  const back = paperCell((sbc, renewed) => (sbc === 'sbc-2' && !renewed.includes('sbc-2') ? ['unreachable'] : []));
  expect(await rolled(back)).toBe('done');
  const away = paperCell((sbc) => (sbc === 'sbc-2' ? ['unreachable'] : []));
  expect(await rolled(away)).toBe(
    'sbc-2 of cell a was renewed, and now host sbc-2 of cell a is not reached. No further host is touched',
  );
});
