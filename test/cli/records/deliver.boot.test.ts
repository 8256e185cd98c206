/** Delivery of call records from a real Redis, by a process that is killed. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@redis/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openStream } from '../../../lib/cli/records/redis-stream.ts';
import { recordName } from '../../../lib/software/call-records/record-line.ts';
import { callRecordStream, type CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { socketTo, throughTls } from '../../../lib/targets/local/redis-bridge.ts';
import { freePort } from '../../free-port.ts';
import { describeWith } from '../../requirements.ts';
import { callEvent } from '../../software/call-records/records.ts';
import { cellstamp } from '../run-command.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const KILLS = Number(process.env['KILLS'] ?? 2);
const PASSWORD = 'a-password';

let folder: string;
let port: number;
let server: ChildProcess;
let writer: Awaited<ReturnType<typeof connect>>;
const children: ChildProcess[] = [];

const connect = () =>
  createClient({ RESP: 2, socket: { path: join(folder, 'socket'), tls: false } })
    .on('error', () => undefined)
    .connect();

/** The user that the page describes. */
const accessList = /^user call-records .*$/m.exec(readFileSync(join(root, 'docs/records.md'), 'utf8'))![0];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-deliver-'));
  port = await freePort();
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-noenc'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', ...files, ...subject],
    {
      stdio: 'ignore',
    },
  );
  writeFileSync(
    join(folder, 'users.acl'),
    `user default on nopass ~* &* +@all\n${accessList.replace('PASSWORD', PASSWORD)}\n`,
  );
  const tls = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'];
  const listens = [
    '--bind',
    '127.0.0.1',
    '--port',
    '0',
    '--tls-port',
    String(port),
    '--unixsocket',
    join(folder, 'socket'),
  ];
  server = spawn(
    'redis-server',
    [...listens, ...tls, '--save', '', '--dir', folder, '--aclfile', join(folder, 'users.acl')],
    {
      stdio: 'ignore',
    },
  );
  writer = await connect();
  vi.stubEnv('CELLSTAMP_REDIS_USER', 'call-records');
  vi.stubEnv('CELLSTAMP_REDIS_PASSWORD', PASSWORD);
  vi.stubEnv('CELLSTAMP_REDIS_CA', certificate);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  vi.unstubAllEnvs();
  writer.destroy();
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
});

const program = [process.execPath, '--import', `${root}node_modules/tsx/dist/esm/index.mjs`, `${root}lib/cli/main.ts`];
const files = () => join(folder, 'files');
const deliver = (...more: readonly string[]) => [
  ...['records', 'deliver', files(), '--cell', 'euw1-a', '--redis', `rediss://localhost:${port}`, ...more],
];

function start(): ChildProcess {
  const [node, ...argv] = [...program, ...deliver()];
  const child = spawn(node!, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

const catchUp = (...more: readonly string[]) => cellstamp(...deliver('--once', ...more));
const check = () => cellstamp('records', 'check', files());

/** Starts and ends of calls from a number to another, the starts first. */
const calls = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => String(from + at)).flatMap((id) => [
    callEvent(id, 'start', Number(id)),
    callEvent(id, 'end', Number(id) + 1, { answered: callEvent(id, 'start', Number(id)).answered }),
  ]);

const add = (events: readonly CallEvent[]) =>
  Promise.all(
    events.map((event) => writer.sendCommand(['XADD', callRecordStream, '*', 'event', JSON.stringify(event)])),
  );

function delivered(): readonly string[] {
  const days = readdirSync(join(files(), 'euw1-a')).filter((name) => /^\d.*\.ndjson$/.test(name));
  return days
    .flatMap((name) =>
      readFileSync(join(files(), 'euw1-a', name), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => recordName(JSON.parse(line) as CallEvent))
    .sort();
}
const names = (count: number) => calls(0, count).map(recordName).sort();

describeWith(['debian-packages'], 'npx cellstamp records deliver', () => {
  it('has each record once after a process is killed at any moment, while the stream takes others', async () => {
    let written = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const process = start();
      const killed = sleep(400 + Math.random() * 700).then(() => process.kill('SIGKILL'));
      while (process.signalCode === null) {
        await add(calls(written, written + 100));
        written += 100;
        await sleep(10);
      }
      await killed;
    }
    expect(await catchUp()).toMatchObject({ status: 0, stderr: '' });
    expect(delivered()).toEqual(names(written));
    expect(await check()).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('nothing is missing') as string,
    });
  });

  it('misses nothing after a process was stopped for a while, in which the stream takes records as before', async () => {
    const process = start();
    await add(calls(0, 500));
    await once(process.stdout!, 'data');
    process.kill('SIGSTOP');
    const began = performance.now();
    await add(calls(500, 10_000));
    const ms = performance.now() - began;
    expect(await writer.sendCommand(['XLEN', callRecordStream])).toBe(20_000);
    expect(ms).toBeLessThan(10_000);
    process.kill('SIGCONT');
    process.kill('SIGTERM');
    expect(await once(process, 'exit')).toEqual([143, null]);
    expect(await catchUp()).toMatchObject({ status: 0 });
    expect(delivered()).toEqual(names(10_000));
    expect(await writer.sendCommand(['XLEN', callRecordStream])).toBe(20_000);
  });

  it('counts entries that left the stream unread', async () => {
    await add(calls(0, 10));
    expect(await catchUp()).toMatchObject({ status: 0, stdout: 'cell euw1-a: 20 records added, 0 were there\n' });
    await add(calls(10, 30));
    await writer.sendCommand(['XTRIM', callRecordStream, 'MAXLEN', '5']);
    expect(await catchUp()).toMatchObject({
      status: 0,
      stdout: 'cell euw1-a: 5 records added, 0 were there; 35 left the stream unread\n',
    });
    await add(calls(30, 31));
    expect(await catchUp()).toMatchObject({ stdout: 'cell euw1-a: 2 records added, 0 were there\n' });
    const { status, stdout } = await check();
    expect(status).toBe(1);
    expect(stdout).toMatch(/missing: 35 entries left the stream unread, after \d+-\d+ and before \d+-\d+/);
    expect(stdout).toMatch(/missing: call 27, .* has no start/);
  });

  it('adds by --from what the files lack', async () => {
    await add(calls(0, 20));
    await catchUp();
    const path = join(files(), 'euw1-a', '2023-11-14.ndjson');
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, 7).join('\n'));
    expect(await catchUp('--from', '2026-01-01T00:00:00Z')).toMatchObject({
      status: 0,
      stdout: 'cell euw1-a: 34 records added, 6 were there\ncell euw1-a: 0 records added, 0 were there\n',
    });
    expect(delivered()).toEqual(names(20));
  });

  it('reads again what the stream has when Redis has lost the group', async () => {
    await add(calls(0, 20));
    await catchUp();
    await writer.sendCommand(['XGROUP', 'DESTROY', callRecordStream, 'cellstamp']);
    expect(await catchUp()).toMatchObject({ status: 0, stdout: 'cell euw1-a: 0 records added, 40 were there\n' });
  });

  it('says who is not let in, and what does not answer', async () => {
    await writer.sendCommand(['ACL', 'SETUSER', 'call-records', 'resetpass', '>another']);
    expect(await catchUp()).toEqual({
      status: 1,
      stdout: '',
      stderr: `cellstamp: Redis at localhost:${port}: WRONGPASS invalid username-password pair or user is disabled.\n`,
    });
    const refused = await cellstamp(
      'records',
      'deliver',
      files(),
      '--cell',
      'a',
      '--redis',
      'redis://127.0.0.1:1',
      '--once',
    );
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('refuses to deliver to a folder to which another process does', async () => {
    const first = start();
    await once(first.stdout!, 'data');
    const { status, stderr } = await catchUp();
    expect(status).toBe(1);
    expect(stderr).toContain(`process ${first.pid!} on `);
  });

  it('reaches the Redis of a cell on this machine through a program in its network', async () => {
    await add(calls(0, 3000));
    const [command, ...argv] = throughTls(`127.0.0.1:${port}`, 'localhost', join(folder, 'certificate.pem'));
    const bridge = await socketTo(() => spawn(command!, argv, { stdio: ['pipe', 'pipe', 'ignore'] }));
    const access = { address: { path: bridge.path, tls: false }, user: undefined, password: undefined } as const;
    const stream = await openStream(access, 'cellstamp');
    try {
      expect(await stream.next()).toHaveLength(1000);
      expect(await stream.unacknowledged('0')).toHaveLength(1000);
    } finally {
      stream.close();
      bridge.close();
    }
  });
});

describeWith(['debian-packages', 'root'], 'npx cellstamp records deliver to a disk that is full', () => {
  it('acknowledges nothing that is not on the disk, and has each record once when there is room', async () => {
    mkdirSync(files());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', files()]);
    try {
      await add(calls(0, 2000));
      const { status, stderr } = await catchUp();
      expect(status).toBe(1);
      expect(stderr).toMatch(/2023-11-14\.ndjson can't be written \(ENOSPC\); allowed: /);
      expect(await writer.sendCommand(['XLEN', callRecordStream])).toBe(4000);
      execFileSync('mount', ['-o', 'remount,size=16m', files()]);
      expect(await catchUp()).toMatchObject({ status: 0 });
      expect(delivered()).toEqual(names(2000));
    } finally {
      execFileSync('umount', [files()]);
    }
  });
});
