import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidFiles } from '../../lib/config-file/invalid-files.ts';
import { readState, seenOnly, whileUnchanged, type PlanningState } from '../../lib/planner-files/state.ts';
import { folderOf } from './folder.ts';

const stateOf = (plan: string): PlanningState => ({
  version: 1,
  now: '2026-03-02T09:00:00.000Z',
  plan,
  memory: { cells: { 'euw1-a': { overSince: '2026-03-01T09:00:00.000Z' } }, done: [] },
});
const pathIn = (files: Readonly<Record<string, string>> = {}) => join(folderOf(files), 'state.json');
const put = (path: string, plan: string) =>
  whileUnchanged(readState(path), (save) => Promise.resolve(save(stateOf(plan))));

describe('the state of plans', () => {
  it('is what the plan before saved, and nothing before the first', async () => {
    const path = pathIn();
    expect(readState(path)).toEqual({ path, hash: undefined, state: undefined });
    await put(path, 'a');
    expect(readState(path).state).toEqual(stateOf('a'));
    expect(readdirSync(join(path, '..'))).toEqual(['state.json']);
  });

  it.each([
    ['another plan has saved its own', 'b'],
    ['it was removed', undefined],
  ])('is not saved, and no work is done, when %s since it was read', async (_, there) => {
    const path = pathIn();
    await put(path, 'a');
    const read = readState(path);
    const text = there === undefined ? undefined : JSON.stringify(stateOf(there));
    if (text === undefined) spawnSync('rm', [path]);
    else writeFileSync(path, text);
    let worked = false;
    const saving = whileUnchanged(read, (save) => {
      worked = true;
      return Promise.resolve(save(stateOf('c')));
    });
    await expect(saving).rejects.toThrow(`another plan has changed ${path} since this one read it`);
    expect(worked).toBe(false);
    expect(existsSync(path) ? readFileSync(path, 'utf8') : undefined).toBe(text);
  });

  it('is saved by one of many that read the same', async () => {
    const path = pathIn();
    await put(path, 'a');
    const read = readState(path);
    const all = await Promise.allSettled(
      ['b', 'c', 'd', 'e'].map((plan) =>
        whileUnchanged(read, async (save) => {
          await new Promise(setImmediate);
          save(stateOf(plan));
        }),
      ),
    );
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(readState(path).state?.plan).toBe('b');
  });

  it('stays as it was, and free, when the work fails', async () => {
    const path = pathIn();
    await put(path, 'a');
    await expect(whileUnchanged(readState(path), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await put(path, 'b');
    expect(readState(path).state?.plan).toBe('b');
  });

  it('says where a file that was changed by hand is wrong', () => {
    const path = pathIn({ 'state.json': '{\n  "version": 1,\n  "plan": 3\n}\n' });
    expect(() => readState(path)).toThrow(InvalidFiles);
    expect(() => readState(path)).toThrow(`${path}:3:`);
  });
});

describe('the lock of the state', () => {
  const lockedBy = (owner: object) => {
    const path = pathIn();
    symlinkSync(JSON.stringify(owner), `${path}.lock`);
    return path;
  };
  const here = { host: hostname(), at: '2026-03-02T09:00:00.000Z' };

  it('of a living process is respected, and names it', async () => {
    const child = spawn('sleep', ['60']);
    try {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ');
      const path = lockedBy({ ...here, pid: child.pid, started: stat[21] });
      await expect(put(path, 'a')).rejects.toThrow(`process ${child.pid} on ${hostname()} is writing a plan since`);
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(join(path, '..'))).toEqual(['state.json.lock']);
    } finally {
      child.kill();
    }
  });

  it('of a process that ended without removing it is taken over', async () => {
    const { pid } = spawnSync('true');
    const path = lockedBy({ ...here, pid, started: '1' });
    await put(path, 'a');
    expect(readdirSync(join(path, '..'))).toEqual(['state.json']);
  });

  it('is taken over when its number belongs to another process by now', async () => {
    const path = lockedBy({ ...here, pid: process.pid, started: '1' });
    await put(path, 'a');
    expect(readState(path).state?.plan).toBe('a');
  });

  it('is not taken over by two: while one does, the other leaves', async () => {
    const { pid } = spawnSync('true');
    const path = lockedBy({ ...here, pid, started: '1' });
    writeFileSync(`${path}.lock.takeover`, '');
    await expect(put(path, 'a')).rejects.toThrow('another plan is taking over the lock of a dead one');
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['of another host counts as alive', () => lockedBy({ ...here, host: 'elsewhere', pid: 1 }), 'on elsewhere'],
    ['that nobody can read is left to a person', () => pathIn({ 'state.json.lock': 'x' }), 'says nothing of its owner'],
  ])('%s', async (_, pathOf, message) => {
    const path = pathOf();
    await expect(put(path, 'a')).rejects.toThrow(message);
    await expect(put(path, 'a')).rejects.toThrow(`remove ${path}.lock if no plan is running`);
  });
});

describe('what a plan saw without what it decided', () => {
  const early = '2026-03-01T09:00:00.000Z';
  const late = '2026-03-02T09:00:00.000Z';
  const deed = { at: early, kind: 'move', region: 'eu-west-1', count: 2 } as const;

  it('has every wait as it was, including those that a decision restarted', () => {
    const before = { cells: { a: { overSince: early, fewerHostsSince: early } }, done: [] };
    const after = { cells: { a: { overSince: early, fewerHostsSince: late }, b: { spareSince: late } }, done: [] };
    expect(seenOnly(before, after).cells).toEqual({
      a: { overSince: early, fewerHostsSince: early },
      b: { spareSince: late },
    });
  });

  it('has no cordon that was only thought of, and keeps the one that was made', () => {
    const before = { cells: { a: { cordonedAt: early } }, done: [] };
    const after = { cells: { a: { cordonedAt: early, drainBy: late }, b: { cordonedAt: late } }, done: [] };
    expect(seenOnly(before, after).cells).toEqual({ a: { cordonedAt: early }, b: {} });
  });

  it('has where tenants were seen, and who came and left: they did, whatever becomes of the plan', () => {
    const came = [{ tenant: 't', cell: 'a', at: late }];
    const seen = { homes: { a: ['t'] }, came, left: [{ tenant: 't', cell: 'b', at: late }] };
    expect(seenOnly({ cells: {}, done: [], homes: {} }, { cells: {}, done: [], ...seen })).toMatchObject(seen);
  });

  it('forgets what is no longer so', () => {
    expect(seenOnly({ cells: { a: { overSince: early } }, done: [] }, { cells: {}, done: [] }).cells).toEqual({});
  });

  it('counts only what was written before', () => {
    const after = { cells: {}, done: [deed, { ...deed, at: late }] };
    expect(seenOnly({ cells: {}, done: [deed] }, after).done).toEqual([deed]);
    expect(seenOnly(undefined, after).done).toEqual([]);
  });
});
