import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp, spawnCellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-simulate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const example = (name: string) => fileURLToPath(new URL(`../../../examples/scenarios/${name}.yaml`, import.meta.url));
const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
interface Printed {
  readonly scenario: string;
  readonly notes: readonly string[];
  readonly results: readonly {
    readonly decider: string;
    readonly callsOffered: number;
    readonly cost: number;
    readonly minutesShort: number;
    readonly retirements: number;
    readonly scaleDowns: number;
    readonly stamps: number;
    readonly hours: readonly { readonly calls: number; readonly capacity: number; readonly short: number }[];
    readonly log: readonly {
      readonly at: number;
      readonly action: { readonly do: string; readonly because?: string };
    }[];
  }[];
}

const SHORT = `name: short
days: 1
historyDays: 7
stepMinutes: 60
tenants: 10
enterprises: false
places: [{ zone: Europe/Berlin, country: DE, region: eu-central-1, share: 1 }]
cell: { size: small }
`;

describe('cellstamp simulate', () => {
  it('takes a machine at the place where scenarios once had it, and says where it belongs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-simulate-'));
    try {
      const simulated = async (cell: string) => {
        writeFileSync(join(folder, 'a.yaml'), SHORT.replace('cell: { size: small }', `cell: ${cell}`));
        return cellstamp('simulate', '--scenario', join(folder, 'a.yaml'), '--policy', 'reactive', '--json');
      };
      const now = await simulated('{ size: small, aws: { media: { instanceType: c6i.large } } }');
      const old = await simulated('{ size: small, media: { instanceType: c6i.large } }');
      expect(old.stdout).toBe(now.stdout);
      expect(now).toMatchObject({ status: 0, stderr: '' });
      expect(old.stderr).toMatch(
        /a\.yaml:\d+:\d+ warning cell\.media\.instanceType: .*; allowed: cell\.aws\.media\.instanceType\n$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('replays the example of four weeks and says when cells were short and what was stamped', async () => {
    const { stdout, status } = await cellstamp(
      'simulate',
      '--scenario',
      example('spring'),
      '--policy',
      'reactive',
      '--json',
    );
    expect(status).toBe(0);
    const [result] = (JSON.parse(stdout) as Printed).results;
    expect(result!.hours).toHaveLength(28 * 24);
    expect(result!.stamps).toBeGreaterThan(0);
    expect(result!.minutesShort).toBeGreaterThan(0);
    expect(result!.hours.some(({ short }) => short > 0)).toBe(true);
    // The lost region has no room for any call.
    expect(Math.min(...result!.hours.map(({ capacity }) => capacity))).toBe(0);
  });

  it('shows in the example of an outage that holds are stated and nothing is taken away', async () => {
    const file = example('metrics-outage');
    const { stdout } = await cellstamp('simulate', '--scenario', file, '--policy', 'gradeOfService', '--json');
    const { log, retirements } = (JSON.parse(stdout) as Printed).results[0]!;
    expect(log.filter(({ action }) => action.do === 'hold').length).toBeGreaterThanOrEqual(5);
    expect(log.find(({ action }) => action.do === 'hold')!.action.because).toMatch(/last measured .* allowed 30/);
    expect(retirements).toBe(0);
  });

  it('puts policies side by side in a table, quiet in a pipe, and writes a page that needs nothing else', () => {
    const scenario = written('short.yaml', SHORT);
    const html = join(folder, 'page.html');
    const { stdout, stderr, status } = spawnCellstamp(
      folder,
      ...['simulate', '--scenario', scenario, '--policy', 'reactive', 'fixedHeadroom', '--html', html],
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ +reactive +fixedHeadroom\ncalls offered +(\d+) +\1\n/);
    expect(stdout).toMatch(/^cell-hours +24 +24$/m);
    const page = readFileSync(html, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|src=|https?:\/\/(?!www\.w3\.org)/);
    for (const decider of ['reactive', 'fixedHeadroom']) expect(page).toContain(`Demand and capacity under ${decider}`);
  });

  it('gives the same with the same seed and something else with another', async () => {
    const scenario = written('short.yaml', SHORT);
    const offered = async (...more: readonly string[]): Promise<string> =>
      (await cellstamp('simulate', '--scenario', scenario, '--policy', 'reactive', '--json', ...more)).stdout;
    expect(await offered()).toBe(await offered());
    expect(await offered('--seed', '1')).toBe(await offered());
    expect(await offered('--seed', '2')).not.toBe(await offered());
  });

  it('tells all that is wrong with a scenario at once, each with its line', async () => {
    const scenario = written('bad.yaml', `${SHORT}growth: 2\noutages:\n  - { fromHour: -1, hours: 3 }\nspikes: 5\n`);
    const { status, stderr } = await cellstamp('simulate', '--scenario', scenario);
    expect(status).toBe(2);
    expect(stderr).toContain(`${scenario}:9:1 error growth: there is no such key`);
    expect(stderr).toContain(`${scenario}:11:7 error outages[0].fromHour: must be a number from 0 to 8760; got -1`);
    expect(stderr).toContain(`${scenario}:12:1 error spikes: must be a list: 0 to 1000, each a mapping with the keys `);
  });

  it('tells what values are to one another: hours after the end, regions without tenants, a cell that breaks its rules', async () => {
    const scenario = written(
      'bad.yaml',
      SHORT.replace(
        'cell: { size: small }',
        'cell: { media: { hosts: 2, pools: { standard: [1, 3] } }, hostShare: 0.6 }',
      ) + 'outages: [{ fromHour: 24, hours: 1 }]\nlostRegions: [{ region: us-east-1, fromHour: 1, hours: 1 }]\n',
    );
    const { status, stderr } = await cellstamp('simulate', '--scenario', scenario);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /:9:13 error outages\[0\]\.fromHour: hour 24 is after the 1 simulated day; allowed: below 24/,
    );
    expect(stderr).toMatch(/:10:17 error lostRegions\[0\]\.region: no tenant is in us-east-1; allowed: eu-central-1/);
    expect(stderr).toMatch(/error cell\.hostShare: 2 media hosts at 0\.6 each cost more than the cell/);
    expect(stderr).toMatch(/error cell\.media\.pools: no media host serves high-volume/);
    expect(stderr).toMatch(/error cell\.media\.pools\.standard\[1\]:/);
  });

  it.each([
    [[], 'nothing to simulate: give --scenario FILE, --history FILE or both'],
    [['--scenario', 'nowhere.yaml'], 'nowhere.yaml:1:1 error: there is no such file'],
    [['--history', 'nowhere.csv'], 'nowhere.csv:1:1 error: there is no such file'],
    [['--scenario', 'x.yaml', '--policy', 'magic'], "argument 'magic' is invalid. Allowed choices are gradeOfService"],
    [['--scenario', 'x.yaml', '--seed', 'x'], 'It must be a whole number from 0 to 4294967295.'],
    [['--scenario', 'x.yaml', '--days', '3'], '--days goes with --history alone'],
    [
      ['--scenario', 'x.yaml', '--policy', 'planning'],
      '--policy planning is that of a file: give it with --planning FILE',
    ],
  ])('refuses %j with a sentence', async (args, text) => {
    const { status, stderr } = await cellstamp('simulate', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });

  describe('--planning', () => {
    const outage = `${SHORT}outages: [{ fromHour: 2, hours: 4 }]\n`;
    const simulated = async (planning: string, ...more: readonly string[]) => {
      const scenario = written('short.yaml', outage);
      const file = written('planning.yaml', planning);
      return cellstamp('simulate', '--scenario', scenario, '--planning', file, ...more);
    };
    const own = `
kinds: [{ region: eu-central-1, prefix: euc1-, size: small, costPerHour: 2.5 }]
rules: { staleMinutes: 90 }
`;

    it('puts the rules of the file beside the usual ones, at the costs of the file', async () => {
      const { stdout, stderr, status } = await simulated(own, '--json');
      expect([status, stderr]).toEqual([0, '']);
      const { results } = JSON.parse(stdout) as Printed;
      expect(results.map(({ decider }) => decider)).toEqual(['planning', 'gradeOfService', 'reactive']);
      expect(results.map(({ cost }) => cost)).toEqual([60, 60, 60]);
      const holds = results.map(({ log }) => log.find(({ action }) => action.do === 'hold')?.action.because);
      expect(holds[0]).toMatch(/allowed 90/);
      expect(holds[1]).toMatch(/allowed 30/);
    });

    it('says so where the file has no cost for the cells of the scenario', async () => {
      const { stdout, stderr } = await simulated(own.replace('size: small, ', ''), '--policy', 'planning');
      expect(stderr).toMatch(
        /planning\.yaml gives no cost for a small cell in eu-central-1: the scenario's 10 an hour/,
      );
      expect(stdout).toMatch(/^cost +240$/m);
    });

    it('tells all that is wrong with the file, each with its line', async () => {
      const { status, stderr } = await simulated(`${own}zone: Mars\npolicy: { blocking: 3 }\n`);
      expect(status).toBe(2);
      expect(stderr).toMatch(/planning\.yaml:4:1 error zone: .*; got Mars/);
      expect(stderr).toMatch(/planning\.yaml:5:11 error policy\.blocking: .*; got 3/);
      const missing = await cellstamp('simulate', '--scenario', written('short.yaml', SHORT), '--planning', 'no.yaml');
      expect([missing.status, missing.stderr]).toEqual([
        2,
        expect.stringContaining('no.yaml:1:1 error: there is no such file'),
      ]);
    });
  });

  describe('--history', () => {
    const line = (hour: number, tenant: string, calls: string | number) =>
      `${new Date(Date.UTC(2026, 1, 2) + hour * 3_600_000).toISOString()},${tenant},relayedCalls,${calls}`;
    const hours = Array.from({ length: 14 * 24 }, (_, hour) => hour);
    const busy = (hour: number) => (hour % 24 > 7 && hour % 24 < 18 ? 40 : 5);
    const csv = (...more: readonly string[]) =>
      written(
        'calls.csv',
        ['time,tenant,resource,value', ...hours.map((hour) => line(hour, 'acme', busy(hour))), ...more].join('\n'),
      );

    it('replays what was measured: the calls of the last days, and a tenant that came meanwhile', async () => {
      const file = csv(...hours.slice(12 * 24).map((hour) => line(hour, 'newcomer', 10)));
      const { stdout, stderr, status } = await cellstamp(
        ...['simulate', '--history', file, '--days', '7', '--policy', 'gradeOfService', '--json'],
      );
      expect([status, stderr]).toEqual([0, '']);
      const { results, scenario } = JSON.parse(stdout) as Printed;
      expect(scenario).toBe('calls.csv');
      expect(results[0]!.hours).toHaveLength(7 * 24);
      expect(results[0]!.hours[12]!.calls).toBe(40);
      expect(results[0]!.hours.at(-12)!.calls).toBe(50);
      expect(results[0]!.log.map(({ action }) => action.do)).toContain('place');
    });

    it('tells lines that are wrong, with their number, and that days must be left before those replayed', async () => {
      const bad = await cellstamp('simulate', '--history', csv(line(3, 'beta', -4), line(3, 'acme', 77)));
      expect(bad.status).toBe(2);
      expect(bad.stderr).toMatch(/calls\.csv:338:1 error: .*-4/);
      expect(bad.stderr).toMatch(
        /calls\.csv:339:1 error: relayedCalls of tenant acme at 2026-02-02T03:00:00.000Z is there already/,
      );
      const short = await cellstamp('simulate', '--history', csv(), '--days', '14');
      expect(short.status).toBe(2);
      expect(short.stderr).toContain('14 days are to be replayed of 14; at least one day before them is needed');
    });
  });
});
