/** The commands on a cell that really runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallReport } from '../../lib/cli/call-report.ts';
import { down, exec, list, type CellStatus } from '../../lib/local/index.ts';
import { cellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';
import { processesOf } from './machine.ts';

const name = 'lab-commands';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-commands-'));
  mkdirSync(join(folder, 'cells'));
  writeFileSync(
    join(folder, 'cells', `${name}.yaml`),
    `name: ${name}\nregion: eu-west-1\nsize: test\nnetwork: 10.76.0.0/20\nmedia: { hosts: 2, kernelForwarding: preferred }\n`,
  );
});
afterAll(async () => {
  await down(name);
  rmSync(folder, { recursive: true });
});

const json = <T>(text: string) => JSON.parse(text) as T;

describeWith(['root', 'debian-packages'], 'a cell of commands', () => {
  it('is brought up, and told to a program', async () => {
    const { status, stdout, stderr } = await cellstamp('up', name, '--cells', join(folder, 'cells'), '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(json<CellStatus>(stdout)).toMatchObject({ name, state: 'running', network: '10.76.0.0/20' });
  });

  it('is shown with all its hosts', async () => {
    const { status, stdout } = await cellstamp('status', name);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^cell ${name}: running, network 10.76.0.0/20, called at 198\\.1[89]\\.`));
    for (const host of ['database-1', 'database-2', 'redis-1', 'redis-2', 'media-1', 'media-2', 'sbc-1', 'sbc-2']) {
      expect(stdout).toMatch(new RegExp(`^${host} .* ready`, 'm'));
    }
  });

  it('gives the logs of a host’s service', async () => {
    const { status, stdout } = await cellstamp('logs', 'database-1', 'postgresql', '--cell', name);
    expect(status).toBe(0);
    expect(stdout).toContain('database system is ready to accept connections');
  });

  it('says which hosts and services there are when another is asked for', async () => {
    const wrongHost = await cellstamp('logs', 'media-9', '--cell', name);
    expect(wrongHost.status).toBe(1);
    expect(wrongHost.stderr).toContain('media-1, media-2');
    const wrongService = await cellstamp('logs', 'redis-1', 'kamailio', '--cell', name);
    expect(wrongService.status).toBe(2);
    expect(wrongService.stderr).toMatch(/^cellstamp: redis-1 has no log of kamailio; it has .*redis/);
  });

  it('carries calls of the three kinds, over both media hosts, with a record each, and keeps no test user', async () => {
    const { status, stdout, stderr } = await cellstamp('call', name, '--calls', '12', '--hold', '1', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = json<CallReport>(stdout);
    expect(report).toMatchObject({ cell: name, good: true, records: { arrived: 12, expected: 12 } });
    expect(report.summary).toMatchObject({ calls: 12, answered: 12, failed: 0 });
    expect(report.summary.kinds).toEqual({
      registered: { calls: 4, failed: 0 },
      'carrier-in': { calls: 4, failed: 0 },
      'carrier-out': { calls: 4, failed: 0 },
    });
    expect(Object.keys(report.mediaHosts).sort()).toEqual(['media-1', 'media-2']);

    const psql = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', 'psql', '-h', '/run/postgresql'];
    const counted = await exec(name, 'database-1', [
      ...psql,
      ...[
        '-d',
        'cellstamp',
        '-Atc',
        'SELECT (SELECT count(*) FROM cellstamp.tenants) + (SELECT count(*) FROM cellstamp.users)',
      ],
    ]);
    expect(counted).toMatchObject({ status: 0, stdout: '0\n' });
    for (const sbc of ['sbc-1', 'sbc-2']) {
      for (const table of ['tenants', 'trunks', 'dids', 'sources', 'users']) {
        const dumped = await exec(name, sbc, ['kamcmd', '-s', 'unix:/run/kamailio/control.sock', 'htable.dump', table]);
        expect(dumped.stdout).not.toContain('test-');
      }
    }
  });

  it('makes the command fail when calls fail', async () => {
    for (const host of ['media-1', 'media-2']) {
      // In the host's own process namespace: no other rtpengine is there.
      expect((await exec(name, host, ['pkill', '-STOP', '-x', 'rtpengine'])).status).toBe(0);
    }
    const { status, stdout } = await cellstamp('call', name, '--calls', '2', '--hold', '1');
    expect(status).toBe(1);
    expect(stdout).toMatch(/failed +2\n/);
  });

  it('is taken down, and nothing is left', async () => {
    expect(await cellstamp('down', name)).toEqual({ status: 0, stdout: `down: ${name}\n`, stderr: '' });
    expect(processesOf(name)).toEqual([]);
    expect((await cellstamp('status', name)).stderr).toContain(`cell ${name} is not up on this machine`);
  });
});

describeWith(['root', 'debian-packages'], 'cellstamp try', () => {
  const root = new URL('../..', import.meta.url).pathname;
  const start = (): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', join(root, 'lib/cli/main.ts'), 'try'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const isUp = (pid: number) => processesOf(`try-${pid}`).length > 0;

  it('carries 50 of 50 calls over all four media hosts, with all records, and leaves nothing', async () => {
    const child = start();
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (output += text));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(output).toMatch(/^failed +0$/m);
    expect(output).toMatch(/^answered +50$/m);
    expect(output).toMatch(/^calls a media host +media-1 \d+, media-2 \d+, media-3 \d+, media-4 \d+$/m);
    expect(output).toMatch(/^call records +50 of 50$/m);
    expect(status).toBe(0);
    expect(isUp(child.pid!)).toBe(false);
    expect(list().map((cell) => cell.name)).not.toContain(`try-${child.pid}`);
  });

  it.each([
    ['SIGINT', 'while the cell boots', 130, /^$/],
    ['SIGTERM', 'while calls go on', 143, /hosts of a cell are up/],
  ] as const)('takes everything down on %s %s', async (signal, _, expected, said) => {
    const child = start();
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr!.resume();
    while (!isUp(child.pid!) || !said.test(output)) await sleep(20);
    child.kill(signal);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(expected);
    expect(isUp(child.pid!)).toBe(false);
    expect(list().map((cell) => cell.name)).not.toContain(`try-${child.pid}`);
  });

  it('leaves no process when it is killed', async () => {
    const child = start();
    child.stdout!.resume();
    child.stderr!.resume();
    while (!isUp(child.pid!)) await sleep(20);
    await sleep(1000);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    while (isUp(child.pid!)) await sleep(20);
    await down(`try-${child.pid}`);
  });
});
