import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp, spawnCellstamp } from './run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-check-'));
  mkdirSync(join(folder, 'cells'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const check = (...args: readonly string[]) => cellstamp('check', '--cells', join(folder, 'cells'), ...args);
const write = (name: string, text: string) => writeFileSync(join(folder, 'cells', name), text);

describe('cellstamp check', () => {
  it('ends with 0 when nothing is wrong', () => {
    write('euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\n');
    expect(spawnCellstamp(folder, 'check')).toEqual({
      status: 0,
      stdout: '1 file: 0 errors, 0 warnings\n',
      stderr: '',
    });
  });

  it('prints every finding of every file and ends with 2 when one is an error', () => {
    write('a.yaml', 'name: a\nregion: eu-west-1\nsize: huge\n');
    write('b.yaml', 'name: b\nregion: eu-west-9\nnetwork: 10.16.16.0/20\n');
    const { status, stdout } = spawnCellstamp(folder, 'check');
    expect(status).toBe(2);
    expect(stdout.split('\n')).toEqual([
      'cells/a.yaml:3:1 error size: must be test, small or standard; got huge',
      'cells/b.yaml:2:1 warning region: eu-west-9 is none of the regions known here; did you mean "eu-west-1"?; allowed: a region of AWS; check that it is newer than this list',
      '2 files: 1 error, 1 warning',
      '',
    ]);
  });

  it('ends with 0 when there are only warnings', async () => {
    write('b.yaml', 'name: b\nregion: eu-west-9\n');
    expect((await check()).status).toBe(0);
  });

  it('tells a program all of it as JSON', async () => {
    write('a.yaml', 'name: a\nregion: eu-west-1\nmedia: { hosts: 40 }\n');
    const { status, stdout } = await check('--json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      files: 1,
      cells: [],
      errors: 1,
      warnings: 0,
      findings: [
        {
          severity: 'error',
          file: join(folder, 'cells/a.yaml'),
          line: 3,
          column: 10,
          path: 'media.hosts',
          message: 'must be a whole number from 1 to 32; got 40',
          given: '40',
          allowed: 'a whole number from 1 to 32',
        },
      ],
    });
  });

  it('ends with 2 and says so when there is no such folder', async () => {
    expect(await cellstamp('check', '--cells', 'fleet')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'cellstamp: fleet:1:1 error: there is no such folder; allowed: a folder with a file NAME.yaml for every cell (--cells)\n',
    });
  });

  it('ends with 2 when there is nothing to check', async () => {
    const { status, stderr } = await check();
    expect(status).toBe(2);
    expect(stderr).toBe(
      `cellstamp: ${join(folder, 'cells')}:1:1 error: there are no cells here; allowed: a folder with a file NAME.yaml for every cell (--cells)\n`,
    );
  });

  it('finds nothing wrong with the cells of this project', async () => {
    const here = new URL('../../cells', import.meta.url).pathname;
    expect(await cellstamp('check', '--cells', here)).toMatchObject({ status: 0, stderr: '' });
  });
});
