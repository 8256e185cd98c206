import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CellEvacuationFiles } from '../../lib/planner-files/evacuation-files.ts';
import { readPlanInput } from '../../lib/planner-files/plan-input.ts';

const now = Date.UTC(2026, 2, 2, 9);
const trunk = 'trunks:\n  - { name: carrier, address: sip.carrier.example.com }\n';
const cellA = `# The first one.
name: euw1-a
region: eu-west-1 # Dublin
aws: {}
size: small
network: 10.32.0.0/20
${trunk}
tenants:
  - { name: acme, domain: acme.example.com } # since May
  # They call in the morning.
  - name: initech
    domain: initech.example.com
`;
const cellB = `name: euw1-b\nregion: eu-west-1\naws: {}\nsize: small\nnetwork: 10.32.16.0/20\n${trunk}`;

let folder: string;
let cells: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-evacuation-'));
  cells = join(folder, 'cells');
  mkdirSync(cells);
  writeFileSync(join(cells, 'euw1-a.yaml'), cellA);
  writeFileSync(join(cells, 'euw1-b.yaml'), cellB);
  writeFileSync(join(folder, 'planning.yaml'), 'kinds:\n  - { region: eu-west-1, prefix: euw1-, size: small }\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (cell: string) => readFileSync(join(cells, `${cell}.yaml`), 'utf8');
const files = async (from: string, ...to: readonly string[]) => {
  const sources = { cells, planning: join(folder, 'planning.yaml'), now };
  return new CellEvacuationFiles(await readPlanInput(sources), sources, from, to);
};

describe('the files of a fleet while a cell is evacuated', () => {
  it('say step by step what is so, keep every comment, and take each step twice', async () => {
    const first = await files('euw1-a', 'euw1-b');
    expect([...first.place(new Map())]).toEqual([
      ['acme', 'euw1-b'],
      ['initech', 'euw1-b'],
    ]);
    for (let turn = 0; turn < 2; turn++) {
      await first.cordon();
      expect(text('euw1-a')).toBe(cellA.replace(' # Dublin\n', ' # Dublin\nstate: cordoned\n'));
    }
    await first.move(new Map([['initech', 'euw1-b']]));
    expect(text('euw1-a')).not.toContain('initech');
    expect(text('euw1-b')).toContain('  # They call in the morning.\n  - name: initech\n');
    // Another command goes on.
    const second = await files('euw1-a', 'euw1-b');
    expect(second.tenants).toEqual(['acme']);
    await second.move(
      new Map([
        ['acme', 'euw1-b'],
        ['initech', 'euw1-b'],
      ]),
    );
    await second.retire();
    expect(text('euw1-a')).toContain('state: retired\n');
    expect((await files('euw1-a', 'euw1-b')).isDone).toBe(true);
  });

  it('keep what somebody else has changed meanwhile', async () => {
    const own = await files('euw1-a', 'euw1-b');
    writeFileSync(join(cells, 'euw1-b.yaml'), `${cellB}# Seen today.\n`);
    await own.move(new Map([['acme', 'euw1-b']]));
    expect(text('euw1-b')).toContain('# Seen today.\n');
    expect(text('euw1-b')).toContain('name: acme');
  });

  it('refuse cells that can take no tenants, all at once', async () => {
    writeFileSync(
      join(cells, 'euw1-c.yaml'),
      'name: euw1-c\nregion: eu-west-1\naws: {}\nstate: cordoned\nsize: small\nnetwork: 10.32.32.0/20\n',
    );
    await expect(files('euw1-a', 'euw1-a', 'euw1-c', 'nowhere')).rejects.toMatchObject({
      status: 2,
      message: [
        '--to euw1-a is the cell that is to be emptied; allowed: other cells',
        'cell euw1-c is cordoned and takes no tenant; allowed: cells that are active',
        `there is no cell nowhere in ${cells}; there are euw1-a, euw1-b, euw1-c`,
      ].join('\n'),
    });
  });

  it('refuse a cell without the trunks over which the tenants call', async () => {
    writeFileSync(join(cells, 'euw1-b.yaml'), cellB.replace(trunk, ''));
    const own = await files('euw1-a', 'euw1-b');
    expect(() => own.place(new Map())).toThrow(
      "euw1-a can't be evacuated to euw1-b; nothing was moved:\n" +
        '  euw1-b has no trunk carrier, over which acme, initech call: add it to euw1-b.yaml, and provision the cell',
    );
  });
});
