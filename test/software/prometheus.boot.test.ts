import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { spawnCellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';

describeWith(['prometheus'], 'promtool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-prometheus-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const print = (file: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnCellstamp(process.cwd(), 'prometheus-config', 'example', ...words);
    expect(status, stderr).toBe(0);
    writeFileSync(join(folder, file), stdout);
  };
  const check = (...words: readonly string[]) =>
    spawnSync('promtool', ['check', 'config', '--lint-fatal', ...words, join(folder, 'prometheus.yml')], {
      encoding: 'utf8',
    });

  it.each([[[]], [['--alertmanager', 'alertmanager.example.com:9093']]])(
    'takes the pair of files that cellstamp prometheus-config prints, by the names of the docs: %j',
    (words) => {
      print('prometheus.yml', ...words);
      print('rules.yml', '--rules');
      const { status, stdout, stderr } = check();
      expect(stderr).toBe('');
      expect(stdout).toContain('1 rule files found');
      expect(stdout).toMatch(/rules\.yml\n +SUCCESS: \d{2,} rules found/);
      expect(status).toBe(0);
    },
  );

  it('takes the file of an agent', () => {
    print('prometheus.yml', '--agent');
    const { status, stderr } = check('--agent');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
