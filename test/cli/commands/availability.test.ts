import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-availability-'));
  mkdirSync(join(folder, 'cells'));
  write('euw1-a', 'aws: {}');
  write('euw1-b', 'aws: {}\nnetwork: 10.16.16.0/20\nmedia: { hosts: 8 }');
  write('laptop', 'local: {}\nnetwork: 10.16.32.0/20');
  write('euw1-c', 'aws: {}\nnetwork: 10.16.48.0/20\nstate: planned');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) =>
  writeFileSync(join(folder, `cells/${name}.yaml`), `name: ${name}\nregion: eu-west-1\n${text}\n`);
const availability = (...args: readonly string[]) =>
  cellstamp('availability', '--cells', join(folder, 'cells'), ...args);
/** Without the breaks of its lines. */
const flowing = (text: string) => text.replaceAll(/\n {2}/g, ' ');
const json = async (...args: readonly string[]) =>
  JSON.parse((await availability('--json', ...args)).stdout) as {
    readonly available: number;
    readonly cells: readonly { readonly name: string; readonly available: number }[];
    readonly minutesWithCellsAway: readonly number[];
    readonly assumptions: Readonly<Record<string, { readonly value: number; readonly source: string }>>;
  };

describe('cellstamp availability', () => {
  it('shows the parts of every cell that carries calls, the fleet, and what that rests on', async () => {
    const { status, stdout, stderr } = await availability();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^cell .* in/gm)).toEqual(['cell euw1-a in', 'cell euw1-b in']);
    expect(stdout).toMatch(/^media hosts +7 of 8 +[\d.]+ {2}the hosts left can’t/m);
    expect(stdout).toMatch(/^99\.999 % allows 5\.3 minutes a year: missed\. What costs most: site\.$/m);
    expect(stdout).toMatch(/^ {2}all 2 cells away: [\d.]+ minutes a year$/m);
    expect(flowing(stdout)).toMatch(/- site=0\.9999, .*: Amazon Compute Service Level Agreement/);
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it('says so where the fleet reaches five nines', async () => {
    const { stdout } = await availability('--assume', 'site=1', 'host-failures=0', 'releases=0');
    expect(stdout).toContain(
      'a call of any tenant: 100 %, 0 minutes a year\n99.999 % allows 5.3 minutes a year: reached.',
    );
    expect(flowing(stdout)).toContain(
      '- site=1, availability of a region with its power and networks: given with --assume, in place of 0.9999',
    );
  });

  it('refuses two values of one assumption', async () => {
    const { status, stderr } = await availability('--assume', 'site=0.9', '--assume', 'site=0.8');
    expect(status).toBe(2);
    expect(stderr).toBe('cellstamp: --assume site=0.8: site is given more than once; allowed: one value of each\n');
  });

  it('counts the site that a cell shares with the only region of the front once, so that the figures add up', async () => {
    writeFileSync(
      join(folder, 'cells/front.yaml'),
      'domain: voice.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\naws: {}\n',
    );
    const { stdout } = await availability('euw1-a');
    const [, cell] = /^cell euw1-a in eu-west-1: .* %, (\d+) minutes/m.exec(stdout)!;
    const [, front] = /^front: .* %, (\d+) minutes/m.exec(stdout)!;
    const [, all] = /^a call of any tenant, through the front: .* %, (\d+) minutes/m.exec(stdout)!;
    expect(Math.abs(Number(cell) + Number(front) - Number(all))).toBeLessThanOrEqual(1);
    expect(stdout).toMatch(/^edges +2\.\d {2}no edge of the only region takes calls$/m);
    expect(stdout).toContain('missed. What costs most: site and entry.\n');
    expect(stdout).toContain('The site of a region counts with the cells there, and not once more with the edges');
  });

  it('prints the same as JSON', async () => {
    const { cells, available, minutesWithCellsAway, assumptions } = await json();
    expect(cells.map(({ name }) => name)).toEqual(['euw1-a', 'euw1-b']);
    expect(available).toBeGreaterThan(0.999);
    expect(minutesWithCellsAway).toHaveLength(3);
    expect(assumptions['site']).toMatchObject({ value: 0.9999 });
  });

  it('gives one cell the same figure alone as among the others', async () => {
    const [all, one] = [await json(), await json('euw1-a')];
    expect(one.cells).toEqual(all.cells.filter(({ name }) => name === 'euw1-a'));
  });

  it.each([[], ['euw1-a']])('refuses a fleet with wrong files, and says all that is wrong: %j', async (...names) => {
    write('euw1-b', 'aws: {}\nnetwork: 10.16.16.0/20\nfoo: bar');
    writeFileSync(join(folder, 'cells/front.yaml'), 'domain: voice.example.com\nregions: nonsense\naws: {}\n');
    const { status, stdout, stderr } = await availability(...names);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/euw1-b\.yaml:5:1 error foo: there is no such key/);
    expect(stderr).toMatch(/front\.yaml:2:\d+ error regions: /);
  });

  it('refuses a cell of this machine alone', async () => {
    expect(await availability('laptop')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'cellstamp: laptop: for this machine alone, whose hosts fail together; allowed: cells with the section aws or kubernetes\n',
    });
  });

  it('refuses assumptions that it does not know or that are out of range, all at once', async () => {
    const { status, stderr } = await availability('--assume', 'site=2', 'sites=1', 'site', 'releases=');
    expect(status).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'cellstamp: --assume site=2: must be a number from 0 to 1, availability of a region with its power and networks',
      expect.stringMatching(
        /^--assume sites=1: there is no assumption sites; did you mean "site"\?; allowed: host-failures, /,
      ) as string,
      expect.stringMatching(/^--assume site: must be NAME=VALUE; names are host-failures, /) as string,
      '--assume releases=: must be a number from 0 to 10000, releases a year',
      '',
    ]);
  });
});
