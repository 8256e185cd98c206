/** The commands on a cell that really runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallReport } from '../../../lib/cli/call-report.ts';
import { down, exec, list, namesToTakeDown, type CellStatus } from '../../../lib/targets/local/index.ts';
import { hasFreeswitch } from '../../../lib/targets/local/status.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { processesOf } from './machine.ts';
import { relaysAreAtHome } from './relays-at-home.ts';

const name = 'lab-commands';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-commands-'));
  mkdirSync(join(folder, 'cells'));
  writeFileSync(
    join(folder, 'cells', `${name}.yaml`),
    `name: ${name}\nregion: eu-west-1\nlocal: {}\nsize: test\nnetwork: 10.76.0.0/20\nmedia: { hosts: 2, kernelForwarding: preferred }\n`,
  );
});
afterAll(async () => {
  await down(name);
  rmSync(folder, { recursive: true });
});

const root = new URL('../../..', import.meta.url).pathname;
const program = ['--import', `${root}node_modules/tsx/dist/esm/index.mjs`, `${root}lib/cli/main.ts`];
const commandLine = [process.execPath, ...program].join(' ');

/** A command in a process of its own, and what it has printed so far. */
function spawnCommand(...words: readonly string[]) {
  const child = spawn(process.execPath, [...program, ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const until = async (line: RegExp) => {
    while (!line.test(output)) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}${errors}`);
      await sleep(20);
    }
  };
  return { child, ended, until, output: () => output, errors: () => errors };
}

/** What a command line of a shell prints. */
async function inShell(line: string): Promise<string> {
  const child = spawn('bash', ['-c', line], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

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
    expect(wrongHost.status).toBe(2);
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

  it('delivers its records to files, each once', async () => {
    const records = join(folder, 'records');
    const deliver = () => cellstamp('records', 'deliver', records, '--cell', name, '--once');
    expect((await deliver()).stdout).toBe(`cell ${name}: 24 records added, 0 were there\n`);
    expect((await deliver()).stdout).toBe(`cell ${name}: 0 records added, 0 were there\n`);
    expect(await cellstamp('records', 'check', records)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/12 +12 +0 +0\n[^]*nothing is missing\n$/) as string,
    });
  });

  it.skipIf(hasFreeswitch())('says of calls that FreeSWITCH would answer that it is not there', async () => {
    const { status, stdout, stderr } = await cellstamp('call', name, '--kind', 'registered', 'echo');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^cellstamp: FreeSWITCH answers calls of --kind echo, and cell ${name} has none: .*\\n$`),
    );
  });

  it('is watched: a line for each change, until nobody reads any more', async () => {
    const watching = spawnCommand('status', name, '--watch', '--interval', '0.5');
    await watching.until(/^\S+Z cell lab-commands is running, sbc-\d is active$/m);
    await exec(name, 'media-1', ['pkill', '-STOP', '-x', 'rtpengine']);
    await watching.until(/^\S+Z media-1 of lab-commands is faulty: rtpengine on media-1 is faulty: it is stopped/m);
    await exec(name, 'media-1', ['pkill', '-CONT', '-x', 'rtpengine']);
    await watching.until(/^\S+Z media-1 of lab-commands is ready$/m);
    // Its relay may have gone to the neighbour, and comes back.
    while (!(await relaysAreAtHome(name, ['media-1', 'media-2']))) await sleep(100);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toBe(130);

    const json = spawnCommand('status', name, '--watch', '--json');
    await json.until(/\n/);
    expect(JSON.parse(json.output().split('\n')[0]!)).toMatchObject([{ name, state: 'running' }]);
    json.child.kill('SIGTERM');
    expect(await json.ended).toBe(143);

    // Nothing changes, so nothing is written that could fail.
    expect(
      await inShell(`${commandLine} status ${name} --watch --interval 0.5 | head -1; echo "\${PIPESTATUS[0]}"`),
    ).toMatch(/^\S+Z cell lab-commands is running, sbc-\d is active\n0\n$/);
  });

  it('is followed in its logs, until nobody reads any more', async () => {
    const following = spawnCommand('logs', 'media-1', 'rtpengine', '--cell', name, '--lines', '1', '--follow');
    await following.until(/\n/);
    await exec(name, 'media-1', ['pkill', '-KILL', '-x', 'rtpengine']);
    await following.until(/^supervision: rtpengine ended: exit status 137$/m);
    following.child.kill('SIGINT');
    expect(await following.ended).toBe(130);
    expect(
      await inShell(
        `${commandLine} logs media-1 init --cell ${name} --follow | head -1 | wc -l; echo "\${PIPESTATUS[0]}"`,
      ),
    ).toBe('1\n0\n');
  });

  it('is told in tables that a terminal of 80 columns has room for', async () => {
    const table = (await cellstamp('status', name)).stdout.split('\n\n')[1]!;
    expect(table).toMatch(/^host /);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('stays when up is interrupted that would change it', async () => {
    const changing = spawnCommand('up', name, '--cells', join(folder, 'cells'));
    await sleep(700);
    changing.child.kill('SIGINT');
    // Where it was quicker, it has done its work.
    if ((await changing.ended) === 130) {
      expect(changing.errors()).toContain(`leaves ${name} half changed; the same "up" completes it`);
    }
    expect((await cellstamp('up', name, '--cells', join(folder, 'cells'))).status).toBe(0);
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
  const start = (): ChildProcess =>
    spawn(process.execPath, [...program, 'try'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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
    let told = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (told += text));
    while (!isUp(child.pid!) || !said.test(output)) await sleep(20);
    child.kill(signal);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(expected);
    expect(told).toContain(`cellstamp: takes cell try-${child.pid} down (again: ends at once;`);
    expect(isUp(child.pid!)).toBe(false);
    expect(list().map((cell) => cell.name)).not.toContain(`try-${child.pid}`);
  });

  it('takes its cell down when nobody reads its output any more', async () => {
    const before = namesToTakeDown();
    expect(await inShell(`${commandLine} try 2>/dev/null | head -1; echo "\${PIPESTATUS[0]}"`)).toMatch(
      /^\d+ hosts of a cell are up after .*\n141\n$/,
    );
    expect(namesToTakeDown()).toEqual(before);
  });

  it('leaves no process when it is killed, and files that bother nobody and go with the next one', async () => {
    const child = start();
    child.stderr!.resume();
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    while (!/hosts of a cell are up/.test(output)) await sleep(20);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    while (isUp(child.pid!)) await sleep(20);

    const left = `try-${child.pid}`;
    const { status, stdout } = await cellstamp('status', left);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `remains of ${left}: the command that it was to end with, process ${child.pid}, was killed;`,
    );
    expect(list().map((cell) => cell.name)).not.toContain(left);

    const next = start();
    next.stdout!.resume();
    next.stderr!.resume();
    while (namesToTakeDown().includes(left)) await sleep(20);
    next.kill('SIGINT');
    expect(await new Promise((resolve) => next.on('close', resolve))).toBe(130);
  });
});
