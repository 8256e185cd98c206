import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callEvent } from '../../software/call-records/records.ts';
import { cellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cellstamp-records-'))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const deliver = (...args: readonly string[]) =>
  cellstamp('records', 'deliver', join(folder, 'files'), '--once', ...args);
const elsewhere = ['--cell', 'euw1-a', '--redis', 'redis://127.0.0.1:1'];
const refused = (stderr: string) => ({ status: 2, stdout: '', stderr });

describe('cellstamp records deliver', () => {
  const url = (given: string, rest: string) =>
    refused(`error: option '--redis <url>' argument '${given}' is invalid. ${rest}\n`);
  const allowed = 'It must be rediss://HOST:PORT, or redis://HOST:PORT of this machine.';

  it.each([
    'localhost:6379',
    'redis.example',
    'redis://redis.example:6379',
    'https://redis.example',
    'rediss://',
    'rediss://a/1',
  ])('refuses %s as a Redis', async (given) => {
    expect(await deliver('--cell', 'euw1-a', '--redis', given)).toEqual(url(given, allowed));
  });

  it('refuses a password on the command line', async () => {
    expect(await deliver('--cell', 'euw1-a', '--redis', 'rediss://user:secret@redis.example')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('CELLSTAMP_REDIS_USER and CELLSTAMP_REDIS_PASSWORD') as string,
    });
  });

  it('refuses a cell that would be a path, a group with a space and a time that is none', async () => {
    for (const [option, value] of [
      ['--cell', '../etc'],
      ['--group', 'a b'],
      ['--from', 'yesterday'],
    ] as const) {
      expect(await deliver(...elsewhere, option, value)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`argument '${value}' is invalid. It must be`) as string,
      });
    }
  });

  it('asks for the name of a cell elsewhere', async () => {
    expect(await deliver('--redis', 'rediss://redis.example')).toEqual(
      refused('cellstamp: --redis needs --cell: the name of the cell, by which its files are named\n'),
    );
  });

  it('refuses two passwords, and a file without one', async () => {
    vi.stubEnv('CELLSTAMP_REDIS_PASSWORD_FILE', join(folder, 'password'));
    expect(await deliver(...elsewhere)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${join(folder, 'password')}`) as string,
    });
    vi.stubEnv('CELLSTAMP_REDIS_PASSWORD', 'secret');
    expect(await deliver(...elsewhere)).toEqual(
      refused('cellstamp: CELLSTAMP_REDIS_PASSWORD and CELLSTAMP_REDIS_PASSWORD_FILE are both set; allowed: one\n'),
    );
  });

  it('refuses a place where there can be no folder', async () => {
    writeFileSync(join(folder, 'files'), '');
    const { status, stderr } = await deliver(...elsewhere);
    expect(status).toBe(2);
    expect(stderr).toMatch(/files\/euw1-a can't be written \(ENOTDIR\); allowed: a place where this user may write/);
  });

  it('says which package it needs where the client of Redis is not installed', () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const hook =
      'export const resolve = (name, context, next) => { if (name === "@redis/client") ' +
      'throw Object.assign(new Error("not there"), { code: "ERR_MODULE_NOT_FOUND" }); return next(name, context); };';
    const module = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
    const without = module(`import { register } from 'node:module'; register(${JSON.stringify(module(hook))});`);
    const command = ['records', 'deliver', join(folder, 'files'), ...elsewhere];
    const imports = ['--import', `${root}node_modules/tsx/dist/esm/index.mjs`, '--import', without];
    const { status, stderr } = spawnSync(process.execPath, [...imports, `${root}lib/cli/main.ts`, ...command], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'cellstamp: the client of Redis is not installed: npm install @redis/client@6\n',
    });
  });
});

describe('cellstamp records check', () => {
  const check = (...args: readonly string[]) => cellstamp('records', 'check', folder, ...args);
  const line = (event: object, at: number) => `${JSON.stringify({ ...event, cell: 'euw1-a', stream: `${at}-0` })}\n`;
  const put = (name: string, text: string) => {
    mkdirSync(join(folder, 'euw1-a'), { recursive: true });
    writeFileSync(join(folder, 'euw1-a', name), text);
  };

  it('counts by day, and leaves what is being written alone', async () => {
    const end = callEvent('1', 'end', 9, { answered: callEvent('1', 'start', 1).answered });
    put('2023-11-14.ndjson', line(callEvent('1', 'start', 1), 1) + line(end, 2) + '{"event":"sta');
    expect(await check()).toEqual({
      status: 0,
      stdout: [
        'cell euw1-a, up to 2023-11-14T22:13:29.000Z',
        'day         starts  ends  unanswered  refused',
        '2023-11-14  1       1     0           0',
        'up at the end: 0; begun before the first record: 0',
        'nothing is missing',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('names what is missing, for programs too, and has another status then', async () => {
    put('2023-11-14.ndjson', line(callEvent('1', 'end', 9), 1) + line(callEvent('2', 'start', 1), 2) + 'damaged\n');
    const { status, stdout } = await check('--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      'euw1-a': {
        gaps: ['call 1, answered 2023-11-14T22:13:28.000Z, has no start', '2023-11-14.ndjson:3: the line is damaged'],
      },
    });
  });

  it('refuses a folder that is not there, or has no records', async () => {
    expect(await cellstamp('records', 'check', join(folder, 'none'))).toEqual(
      refused(
        `cellstamp: ${join(folder, 'none')} is not a folder; allowed: the folder of \`npx cellstamp records deliver\`\n`,
      ),
    );
    expect(await check()).toEqual(
      refused(`cellstamp: ${folder} has no records; allowed: the folder of \`npx cellstamp records deliver\`\n`),
    );
  });
});
