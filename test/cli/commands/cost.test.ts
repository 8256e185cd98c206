import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Cost, SiteCost } from '../../../lib/targets/aws/cost/schema.ts';
import { cellstamp } from '../run-command.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-cost-test-'));
  mkdirSync(join(folder, 'cells'));
  write('cells/euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const cost = (...args: readonly string[]) => cellstamp('cost', '--cells', join(folder, 'cells'), ...args);
const json = async (...args: readonly string[]) => JSON.parse((await cost(...args, '--json')).stdout) as Cost;
const withFront = () =>
  write(
    'cells/front.yaml',
    'domain: voice.example.com\nregions:\n  - { region: eu-west-1, network: 10.15.0.0/24 }\n  - { region: us-east-1, network: 10.15.1.0/24 }\naws: {}\n',
  );

describe('cellstamp cost', () => {
  it('prints what a cell costs, the sums and what they rest on, in 80 columns', async () => {
    withFront();
    const { status, stdout, stderr } = await cost();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/^cell euw1-a in eu-west-1$/m);
    expect(stdout).toMatch(/^c6in\.2xlarge +2,920 +hour +0\.5124 +1,496\.21$/m);
    expect(stdout).toMatch(/^database storage +20 +GB-month +unknown$/m);
    expect(stdout).toMatch(/^ {2}for each tenant of 500 +\d+\.\d\d$/m);
    expect(stdout).toMatch(/^ {2}for each 1,000 calls in the busy hour +1,\d+\.\d\d$/m);
    expect(stdout).toMatch(/^- 7,500 calls at once in the busy hour, 66,000,000 minutes a month/m);
    expect(stdout).toMatch(/^front front$/m);
    expect(stdout).toMatch(/^all together: [\d,]+\.\d\d a month$/m);
    expect(stdout).toContain('\nunknown: the table has no price of it for that region, and no sum contains it.\n');
  });

  it('prints JSON by the published schema', async () => {
    withFront();
    const report = await json();
    const published = readFileSync(join(root, 'cells/cost.schema.json'), 'utf8');
    expect(() => z.fromJSONSchema(JSON.parse(published) as z.core.JSONSchema.BaseSchema).parse(report)).not.toThrow();
    expect(report.sites.map(({ kind, name }) => [kind, name])).toEqual([
      ['cell', 'euw1-a'],
      ['front', 'front'],
    ]);
    expect(report.total).toBeCloseTo(report.sites[0]!.total + report.sites[1]!.total, 6);
  });

  it('reckons with the calls, minutes and tenants that it is told', async () => {
    const [told] = (await json('euw1-a', '--calls', '2000', '--minutes', '9000000', '--tenants', '50')).sites;
    expect(told).toMatchObject({ busyHourCalls: 2000, minutes: 9_000_000, tenants: 50 });
    expect(told!.perTenant).toBeCloseTo(told!.total / 50, 6);
    const [usual] = (await json('euw1-a')).sites;
    expect(told!.standing).toBe(usual!.standing);
    expect(told!.byCalls).toBeLessThan(usual!.byCalls);
  });

  it('of the front takes the calls of all cells on AWS that stand', async () => {
    withFront();
    write('cells/b.yaml', 'name: b\nregion: us-east-1\naws: {}\nsize: small\nnetwork: 10.16.16.0/20\n');
    write('cells/c.yaml', 'name: c\nregion: us-east-1\naws: {}\nstate: planned\nnetwork: 10.16.32.0/20\n');
    write('cells/d.yaml', 'name: d\nregion: us-east-1\nlocal: {}\nnetwork: 10.16.48.0/20\n');
    expect((await json('front')).sites).toMatchObject([{ kind: 'front', busyHourCalls: 7500 + 1500, tenants: null }]);
    expect((await json()).sites.map(({ name }) => name)).toEqual(['b', 'euw1-a', 'front']);
  });

  it('ends with 2 for a cell that has no image to start from', async () => {
    write('cells/euw1-a.yaml', 'name: euw1-a\nregion: us-gov-west-1\naws: {}\n');
    const { status, stdout, stderr } = await cost();
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^cellstamp: .*euw1-a\.yaml:2:1 error aws\.image: us-gov-west-1 needs an image.*\n$/);
  });

  it('ends with 2 for regions and types without a price, all of them at once', async () => {
    write('cells/b.yaml', 'name: b\nregion: sa-east-1\naws: {}\nnetwork: 10.16.16.0/20\n');
    write('cells/c.yaml', 'name: c\nregion: eu-west-1\naws: {}\nsize: small\nnetwork: 10.16.32.0/20\n');
    const { status, stdout, stderr } = await cost();
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      'cellstamp: cell b: there are no prices for sa-east-1; there are prices for eu-west-1, us-east-1\n' +
        'cell c: there is no price of database class db.t4g.medium in eu-west-1; there are prices of db.r6g.large\n',
    );
  });

  it('ends with 2 for more minutes than a month has for these calls, of all sites at once', async () => {
    withFront();
    expect(await cost('--calls', '100', '--minutes', '4464001')).toEqual({
      status: 2,
      stdout: '',
      stderr: ['cell euw1-a', 'front front']
        .map(
          (site, at) =>
            `${at === 0 ? 'cellstamp: ' : ''}--minutes is 4464001, and ${site} has 100 calls at once in the busy hour; allowed: 0 to 4464000, all of them for a month of 31 days\n`,
        )
        .join(''),
    });
    expect((await cost('euw1-a', '--calls', '100', '--minutes', '4464000')).status).toBe(0);
  });

  it('keeps its columns for the largest numbers that it takes', async () => {
    const { stdout } = await cost('euw1-a', '--calls', '1000000', '--minutes', '44640000000');
    const lines = stdout.split('\n');
    const table = lines.slice(1, lines.indexOf(''));
    expect(table[0]).toMatch(/a month$/);
    expect(table.length).toBeGreaterThan(5);
    for (const line of table) if (!line.endsWith('unknown')) expect(line).toHaveLength(table[0]!.length);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('ends with 2 for cells that are not there, all of them at once', async () => {
    const { status, stderr } = await cost('nope', 'nope2');
    expect(status).toBe(2);
    expect(stderr).toContain('there is no cell nope in');
    expect(stderr).toContain('there is no cell nope2 in');
  });

  it('ends with 2 for what is not on AWS, and where nothing is', async () => {
    write('cells/euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\nlocal: {}\n');
    expect(await cost('euw1-a')).toMatchObject({
      status: 2,
      stderr: 'cellstamp: cell euw1-a is not on AWS: its file has no section aws\n',
    });
    const nothing = await cost();
    expect(nothing.status).toBe(2);
    expect(nothing.stderr).toContain('is on AWS: no file has a section aws');
  });
});

describe('the figures of docs/aws.md', () => {
  const whole = readFileSync(join(root, 'docs/aws.md'), 'utf8');
  const page = whole
    .split('\n\n')
    .filter((paragraph) => paragraph.includes('cellstamp cost'))
    .join(' ')
    .replace(/\s+/g, ' ');
  const ofProject = async (name: string): Promise<SiteCost> => {
    const { stdout } = await cellstamp('cost', name, '--cells', join(root, 'cells'), '--json');
    return (JSON.parse(stdout) as Cost).sites[0]!;
  };
  const tens = (value: number) => (Math.round(value / 10) * 10).toLocaleString('en');
  const share = ({ items, standing }: SiteCost, name: string) => {
    const month = items.filter(({ item }) => item === name).reduce((sum, one) => sum + one.month!, 0);
    return `${Math.round((100 * month) / standing)} %`;
  };

  it('on a cell are what the command prints', async () => {
    const cell = await ofProject('euw1-a');
    expect(page).toContain(
      `is about ${(cell.standing / 730).toFixed(1)} USD an hour, ${tens(cell.standing)} USD a month without a call; the media hosts are ${share(cell, 'c6in.2xlarge')} of it.`,
    );
    expect(page).toContain(
      `with ${cell.busyHourCalls.toLocaleString('en')} calls in the busy hour, which it carries with a media host lost, calls cost another ${tens(cell.byCalls)} USD a month, as a G.711 call sends 0.6 MB a minute`,
    );
    expect(cell.assumptions.join('\n')).toContain('towards both ends by the internet, 1.20 MB a minute');
  });

  it('on the front are what the command prints', async () => {
    const front = await ofProject('front');
    expect(page).toContain(
      `they are about ${(front.standing / 730).toFixed(2)} USD an hour, ${tens(front.standing)} USD a month without a call`,
    );
    const accelerator = front.items.find(({ item }) => item === 'accelerator')!.month!;
    expect(page).toContain(
      `four c6i.large are ${share(front, 'c6i.large')} of it, the accelerator is ${Math.round(accelerator)} USD.`,
    );
    const [premium] = front.items.filter(({ item }) => item === 'through the accelerator');
    expect(page).toContain(`accelerator costs ${premium!.price} USD a GB and more`);
  });

  it('are all that it says of money', () => {
    expect(whole.match(/\d\sUSD/g)).toHaveLength(7);
  });
});
