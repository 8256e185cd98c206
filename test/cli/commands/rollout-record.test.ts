import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-rollout-record-'));
  mkdirSync(join(folder, 'cells'));
  writeFileSync(join(folder, 'cells/euw1-a.yaml'), 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
  writeFileSync(join(folder, 'planning.yaml'), 'kinds: [{ region: eu-west-1, prefix: euw1- }]\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (...args: readonly string[]) =>
  cellstamp(
    'rollout',
    'record',
    ...args,
    '--cells',
    join(folder, 'cells'),
    '--planning',
    join(folder, 'planning.yaml'),
  );
const told = () => readFileSync(join(folder, 'planning-deploys.ndjson'), 'utf8').trim().split('\n');

describe('cellstamp rollout record', () => {
  it('adds a line with the instant for each step', async () => {
    for (const step of ['began', 'proved']) {
      expect(await record('euw1-a', step)).toEqual({ status: 0, stdout: '', stderr: '' });
    }
    const lines = told().map((line) => JSON.parse(line) as { at: string; cell: string; step: string });
    expect(lines.map(({ cell, step }) => `${cell} ${step}`)).toEqual(['euw1-a began', 'euw1-a proved']);
    for (const { at } of lines) expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(60_000);
  });

  it('adds nothing for a cell or a step that is not there, or without a planning file', async () => {
    expect(await record('euw1-b', 'proved')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no cell euw1-b') as string,
    });
    expect(await record('euw1-a', 'done')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Allowed choices are began, proved, failed') as string,
    });
    rmSync(join(folder, 'planning.yaml'));
    expect((await record('euw1-a', 'proved')).stderr).toContain('planning.yaml:1:1');
    expect(told).toThrow('ENOENT');
  });
});
