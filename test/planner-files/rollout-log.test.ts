/** The audit log of roll-outs: what is in it stays in it, whoever dies. */
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { RolloutLog } from '../../lib/planner-files/rollout-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellstamp-log-'));
const path = join(folder, 'rollout-audit.ndjson');
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(path, { force: true }));

const step = (cell: string) =>
  ({ cell, step: 'deploy', from: 'v1', to: 'v2', result: 'done', why: 'wär’s nur gut' }) as const;
/** As another process would. */
const add = (cell: string) => new RolloutLog(path).add(step(cell));
const cells = () => new RolloutLog(path).steps().map(({ cell }) => cell);

it('says who did what, when, from where to where, with what result and why', () => {
  expect(new RolloutLog(path).steps()).toEqual([]);
  add('a');
  const [line] = new RolloutLog(path).steps();
  expect(line).toMatchObject({ ...step('a'), by: { process: process.pid } });
  expect(Math.abs(Date.now() - line!.at)).toBeLessThan(60_000);
  expect(readFileSync(path, 'utf8')).toMatch(
    /^\{"at":"\d{4}-.*"by":\{"user":".+","host":".+","process":\d+\},"cell":"a".*\}\n$/,
  );
});

it('torn at any byte, has the steps before the torn one, and those that come after it', () => {
  add('a');
  add('b');
  const whole = readFileSync(path);
  fc.assert(
    fc.property(fc.nat(whole.length), (bytes) => {
      writeFileSync(path, whole.subarray(0, bytes));
      const before = cells();
      add('c');
      expect(cells()).toEqual([...before, 'c']);
      expect(readFileSync(path).subarray(0, bytes)).toEqual(whole.subarray(0, bytes));
    }),
  );
});

it('has all other steps where a power cut left zeros, or an editor letters that are not UTF-8', () => {
  add('a');
  appendFileSync(path, Buffer.alloc(100));
  add('b');
  appendFileSync(path, Buffer.from([0xff, 0xfe, 0xe9, 0x0a]));
  add('c');
  expect(cells()).toEqual(['a', 'b', 'c']);
});

it('takes no other line for a step', () => {
  appendFileSync(path, '{"at":"2026-03-02T09:00:00Z"}\nnonsense\n\nnull\n');
  add('a');
  expect(cells()).toEqual(['a']);
});

it('has the steps of a later version, which says more', () => {
  add('a');
  const more = { ...(JSON.parse(readFileSync(path, 'utf8')) as object), cell: 'b', ticket: 'CHG-7' };
  appendFileSync(path, `${JSON.stringify(more)}\n`);
  expect(cells()).toEqual(['a', 'b']);
});

it('is followed while others add to it, tear it, and put another file in its place', () => {
  const log = new RolloutLog(path);
  const seen = () => log.steps().map(({ cell }) => cell);
  expect(seen()).toEqual([]);
  log.add(step('a'));
  add('b');
  expect(seen()).toEqual(['a', 'b']);
  const line = readFileSync(path, 'utf8').split('\n')[0]!;
  appendFileSync(path, line.slice(0, 50));
  expect(seen()).toEqual(['a', 'b']);
  appendFileSync(path, line.slice(50));
  expect(seen()).toEqual(['a', 'b', 'a']);
  log.add(step('c'));
  expect(seen()).toEqual(['a', 'b', 'a', 'c']);
  rmSync(path);
  expect(seen()).toEqual([]);
  for (const cell of ['d', 'e', 'f', 'g', 'h']) add(cell);
  expect(seen()).toEqual(['d', 'e', 'f', 'g', 'h']);
  writeFileSync(path, `${line}\n`);
  expect(seen()).toEqual(['a']);
});

it('of twenty thousand steps is read once, not for every question', () => {
  add('a');
  writeFileSync(path, readFileSync(path, 'utf8').repeat(20_000));
  const log = new RolloutLog(path);
  for (let question = 0; question < 300; question++) expect(log.steps()).toHaveLength(20_000);
});

it('that can’t be written names its file, before the roll-out begins and when the disk is full', () => {
  expect(() => new RolloutLog(join(folder, 'no/log')).requireWritable()).toThrow(
    `${join(folder, 'no/log')} can't be written (ENOENT); allowed: a file that this user may add to, on a disk with room`,
  );
  expect(() => new RolloutLog('/dev/full').add(step('a'))).toThrow("/dev/full can't be written (ENOSPC); allowed: ");
  expect(() => new RolloutLog(path).requireWritable()).not.toThrow();
  expect(existsSync(path)).toBe(false);
});

it('loses no line of several roll-outs that write at once', async () => {
  const lines = 100;
  const program = `import { RolloutLog } from './lib/planner-files/rollout-log.ts';
for (let n = 0; n < ${lines}; n++) new RolloutLog(process.argv[1]).add({ cell: process.argv[2], step: 'look', from: 'v1', to: 'v2', result: 'good', calls: n });`;
  const run = (cell: string) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program, path, cell]);
  await Promise.all(['a', 'b', 'c'].map(run));
  for (const cell of ['a', 'b', 'c']) {
    const own = new RolloutLog(path).steps().filter((line) => line.cell === cell);
    expect(own.map(({ calls }) => calls)).toEqual(Array.from({ length: lines }, (_, n) => n));
  }
});
