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

  it('takes what cellstamp prometheus-config prints', () => {
    const { status, stdout } = spawnCellstamp(process.cwd(), 'prometheus-config', 'example');
    expect(status).toBe(0);
    const path = join(folder, 'prometheus.yml');
    writeFileSync(path, stdout);
    const checked = spawnSync('promtool', ['check', 'config', '--lint-fatal', path], { encoding: 'utf8' });
    expect(checked.stderr).toBe('');
    expect(checked.stdout).toContain('is valid prometheus config file syntax');
    expect(checked.status).toBe(0);
  });
});
