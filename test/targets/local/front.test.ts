/** The commands on a front that really runs, with two cells. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallReport } from '../../../lib/cli/call-report.ts';
import {
  execOnFront,
  frontStatus,
  requireFrontState,
  type FrontStatus,
} from '../../../lib/targets/local/front/index.ts';
import { down } from '../../../lib/targets/local/index.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { networkOf, processesOf, tracesOf } from './machine.ts';

const front = 'lab-entry';
const cells = ['lab-east', 'lab-west'] as const;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-front-'));
  for (const [index, name] of cells.entries()) {
    const tenants = index === 0 ? 'tenants: [{ name: acme, domain: acme.example.com }]\n' : '';
    writeFileSync(
      join(folder, `${name}.yaml`),
      `name: ${name}\nregion: eu-west-1\nlocal: {}\nsize: test\nnetwork: 10.77.${16 * index}.0/20\nmedia: { hosts: 1, kernelForwarding: preferred }\n${tenants}`,
    );
  }
  const region = (name: string, n: number) => `  - { region: ${name}, network: 10.77.20${n}.0/24 }\n`;
  writeFileSync(
    join(folder, 'front.yaml'),
    `name: ${front}\ndomain: voice.example.com\nregions:\n${region('eu-west-1', 0)}${region('us-east-1', 1)}edge: { workers: 1, flood: { requestsPerSecond: 500 } }\n`,
  );
});
afterAll(async () => {
  for (const name of [front, ...cells]) await down(name);
  rmSync(folder, { recursive: true });
});

const json = <T>(text: string) => JSON.parse(text) as T;
const all = [front, ...cells];

describeWith(['root', 'debian-packages'], 'a front of commands', () => {
  it('that is killed while it comes up leaves nothing that down does not remove', async () => {
    const program = new URL('../../../lib/cli/main.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--import', 'tsx', program, 'up', '--front', '--cells', folder]);
    while (!existsSync(`/run/cellstamp/${front}/front.json`)) await sleep(5);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    for (const name of all) expect((await cellstamp('down', name)).status).toBe(0);
    for (const name of all) expect(processesOf(name)).toEqual([]);
    expect(existsSync(`/run/cellstamp/${front}`)).toBe(false);
  });

  it('comes up with its cells', async () => {
    const { status, stdout, stderr } = await cellstamp('up', '--front', '--cells', folder, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const up = json<{ readonly front: FrontStatus }>(stdout).front;
    expect(up).toMatchObject({ name: front, state: 'running', serviceAddress: '198.19.0.1', cells });
    expect(up.edges.map((edge) => [edge.name, edge.state, edge.healthy])).toEqual([
      ['eu-west-1-edge-1', 'ready', true],
      ['eu-west-1-edge-2', 'ready', true],
      ['us-east-1-edge-1', 'ready', true],
      ['us-east-1-edge-2', 'ready', true],
    ]);
  });

  it.each([['udp'], ['tcp'], ['tls']])('carries calls of the three kinds over %s', async (transport) => {
    const options = ['--calls', '6', '--hold', '1', '--transport', transport, '--json'];
    const { status, stdout, stderr } = await cellstamp('call', 'lab-west', '--through', 'front', ...options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = json<CallReport>(stdout);
    expect(report).toMatchObject({ front, cell: 'lab-west', good: true, records: { arrived: 6, expected: 6 } });
    expect(report.summary).toMatchObject({ calls: 6, answered: 6, failed: 0 });
  });

  it('is found by its cell when another front is up', async () => {
    const other = '/run/cellstamp/lab-other';
    mkdirSync(other);
    try {
      writeFileSync(
        join(other, 'front.json'),
        JSON.stringify({ ...requireFrontState(front), name: 'lab-other', cells: [], namespaces: {} }),
      );
      const options = ['--through', 'front', '--calls', '3', '--json'];
      expect(await cellstamp('call', ...options)).toMatchObject({
        status: 2,
        stderr: `cellstamp: several fronts are up: ${front} (${cells.join(', ')}), lab-other (no cells); name one, or a cell of it\n`,
      });
      const { status, stdout } = await cellstamp('call', 'lab-west', ...options);
      expect(status).toBe(0);
      expect(json<CallReport>(stdout)).toMatchObject({ front, cell: 'lab-west', good: true });
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('shows which edges and which cell hold which calls', async () => {
    const calls = cellstamp('call', 'lab-east', '--through', 'front', '--calls', '3', '--hold', '10', '--json');
    let shown: FrontStatus['calls'] = [];
    for (let tries = 0; shown.length < 3 && tries < 60; tries++) {
      const child = spawn(process.execPath, [
        ...['--import', 'tsx', new URL('../../../lib/cli/main.ts', import.meta.url).pathname],
        ...['status', front, '--json'],
      ]);
      let text = '';
      child.stdout.on('data', (part: Buffer) => (text += part.toString()));
      await new Promise((resolve) => child.once('close', resolve));
      shown = json<readonly [FrontStatus]>(text)[0].calls;
    }
    await calls;
    expect(shown).toHaveLength(3);
    for (const call of shown) {
      expect(call.cell).toBe('lab-east');
      expect(call.edges.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['us-east-1-edge-2', 'kamailio', /^kamailio on us-east-1-edge-2 is faulty: it is stopped \(SIGSTOP\)$/m],
    ['directory', 'redis-server', /^directory on directory is faulty: it is stopped \(SIGSTOP\)$/m],
    ['router-1', 'python3', /^accelerator on router-1 is faulty: it is stopped \(SIGSTOP\)$/m],
  ])('names %s and its %s that is frozen', async (host, program, fault) => {
    const state = requireFrontState(front);
    expect(await execOnFront(state, host, ['pkill', '-STOP', '-x', program])).toMatchObject({ status: 0 });
    const { status, stdout } = await cellstamp('status', front);
    await execOnFront(state, host, ['pkill', '-CONT', '-x', program]);
    expect(status).toBe(1);
    expect(stdout).toMatch(fault);
    while ((await frontStatus(state)).state !== 'running') await sleep(100);
  });

  it('names an edge whose link is down', async () => {
    const state = requireFrontState(front);
    const link = async (how: 'up' | 'down') => {
      // The router's end, so that the edge keeps its addresses and routes.
      const [, end] = /(edge-\S+)@/.exec((await execOnFront(state, 'router-1', ['ip', '-o', 'link'])).stdout)!;
      expect(await execOnFront(state, 'router-1', ['ip', 'link', 'set', end!, how])).toMatchObject({ status: 0 });
    };
    await link('down');
    const { status, stdout } = await cellstamp('status', front, '--json');
    await link('up');
    expect(status).toBe(1);
    const edge = json<readonly [FrontStatus]>(stdout)[0].edges.find(({ name }) => name === 'eu-west-1-edge-1');
    expect(edge).toMatchObject({ state: 'faulty', reason: 'its link is down' });
    while ((await frontStatus(state)).state !== 'running') await sleep(100);
  });

  it('moves the route of a place, and says which places there are', async () => {
    expect((await cellstamp('local', 'reroute', '1', '--front', front)).stdout).toBe(
      'callers of place 1 reach 198.19.0.1 in us-east-1 now\n',
    );
    expect((await cellstamp('local', 'reroute', '1', '--to', '1', '--front', front)).stdout).toContain(
      'in eu-west-1 now',
    );
    expect(await cellstamp('local', 'reroute', '3', '--front', front)).toMatchObject({
      status: 2,
      stderr: 'cellstamp: there is no place 3; there are 1 to 2, one near each region\n',
    });
  });

  it('moves a tenant, and keeps it there when it is brought up again', async () => {
    const move = (...words: readonly string[]) => cellstamp('tenant', 'move', ...words, '--front', front);
    expect(await move('acme', '--to', 'lab-west')).toMatchObject({ status: 0 });
    expect((await move('acme', '--to', 'lab-west')).stderr).toContain('tenant acme is in cell lab-west already');
    expect((await move('nobody', '--to', 'lab-west')).stderr).toContain('has no tenant nobody; it has acme');
    expect((await move('acme', '--to', 'lab-north')).stderr).toContain(
      'has no cell lab-north; it has lab-east, lab-west',
    );
    expect((await cellstamp('up', '--front', '--cells', folder)).status).toBe(0);
    expect((await move('acme', '--to', 'lab-west')).stderr).toContain('tenant acme is in cell lab-west already');
  });

  it('is taken down with its cells, and nothing is left', async () => {
    const networks = Object.values(requireFrontState(front).namespaces).map(({ init }) => networkOf(init.pid));
    for (const name of all) expect((await cellstamp('down', name)).stdout).toBe(`down: ${name}\n`);
    for (const name of all) expect(processesOf(name, networks)).toEqual([]);
    expect(tracesOf('10.77.')).toEqual([]);
  });
});
