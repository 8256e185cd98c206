import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailure } from '../../lib/cli/failure.ts';
import { writePlace } from '../../lib/cli/option-values.ts';
import { cellstamp, spawnCellstamp } from '../cli/run-command.ts';
import { badInputs, CELL, TARGET, PLANNING, SCENARIO, type Content, type Row } from './rows.ts';

let folder: string;

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cellstamp-input-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, content: Content): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  if (content === 'FOLDER') mkdirSync(path);
  else if (content === 'FIFO') execFileSync('mkfifo', [path]);
  else if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content);
  else symlinkSync(content.link, path);
}

/** Everything in the folder, with the texts of files. */
function contents(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return lstatSync(path).isFile() ? `${name}: ${readFileSync(path, 'hex')}` : name;
    });
}

const usual = { 'cells/euw1-a.yaml': CELL, 'planning.yaml': PLANNING, 'scenario.yaml': SCENARIO };

function lay({ files = {} }: Row): readonly string[] {
  for (const [name, content] of Object.entries({ ...usual, ...files })) put(name, content);
  return contents();
}

const inFolder = (text: string): string => text.replaceAll('DIR', folder);

describe('bad input gets one clear error, and nothing is written', () => {
  it.each(badInputs)('$what', async (row) => {
    const before = lay(row);
    const { status, stdout, stderr } = await cellstamp(...row.args.map(inFolder));
    const said = stdout + stderr;
    const errors = said
      .split('\n')
      .filter((line) => / error[ :]|^error:|^cellstamp: /.test(line) && !/ warning /.test(line));
    expect(said).toContain(inFolder(row.error));
    expect(status).toBe(row.status ?? 2);
    // A line of its own may say that nothing was written.
    expect(errors.filter((line) => line !== 'cellstamp: nothing was written')).toHaveLength(1 + (row.more ?? 0));
    expect(said).not.toMatch(/^\s+at |\(--debug|[^\n\x20-\x7e\xa1-\uffff]/m);
    expect(contents()).toEqual(before);
  });

  it('is a matter of 200 kinds and more, each of its own', () => {
    expect(badInputs.length).toBeGreaterThanOrEqual(200);
    expect(new Set(badInputs.map(({ what }) => what)).size).toBe(badInputs.length);
  });

  it.each(
    ['a cell with a terminal escape in quotes', "a cell's file that is a named pipe", 'a history with NaN'].map(
      (what) => badInputs.find((row) => row.what === what)!,
    ),
  )('through the real command: $what', (row) => {
    const before = lay(row);
    const { status, stdout, stderr } = spawnCellstamp(folder, ...row.args.map(inFolder));
    expect(status).toBe(row.status ?? 2);
    expect(stdout + stderr).toContain(inFolder(row.error));
    expect(contents()).toEqual(before);
  });
});

it('what a terminal acts on is escaped in JSON too, and means the same', async () => {
  lay({ what: '', args: [], error: '', files: { 'cells/euw1-a.yaml': `${CELL}"a\\u009b\\u202e\\U000E0001": 1\n` } });
  const { status, stdout } = await cellstamp('check', '--cells', join(folder, 'cells'), '--json');
  expect(status).toBe(2);
  expect(stdout).not.toMatch(/[^\n\x20-\x7e\xa1-\u2027]/);
  const { findings } = JSON.parse(stdout) as { findings: { given: string }[] };
  expect(findings.map(({ given }) => given)).toContain('a\u009b\u202e\u{e0001}');
});

describe('output that can’t be written', () => {
  it.skipIf(!existsSync('/dev/full'))('is said, and is no success', () => {
    lay({ what: '', args: [], error: '' });
    const full = openSync('/dev/full', 'w');
    const main = join(import.meta.dirname, '../../lib/cli/main.ts');
    const tsx = join(import.meta.dirname, '../../node_modules/tsx/dist/esm/index.mjs');
    const { status, stderr } = spawnSync(process.execPath, ['--import', tsx, main, 'prometheus-config', 'euw1-a'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(stderr).toBe("cellstamp: the output can't be written: ENOSPC: no space left on device, write\n");
    expect(status).toBe(1);
  });

  it.skipIf(!existsSync('/dev/full'))('is said of a page with the name of its file', () => {
    expect(() => writePlace('--html', '/dev/full', 'a page')).toThrow(
      new CommandFailure("--html is /dev/full: it can't be written (ENOSPC)", 1),
    );
  });
});

describe('what is allowed although it looks odd', () => {
  it('a plan from a pipe of the shell', () => {
    lay({ what: '', args: [], error: '' });
    const main = join(import.meta.dirname, '../../lib/cli/main.ts');
    const tsx = join(import.meta.dirname, '../../node_modules/tsx/dist/esm/index.mjs');
    const script = `"${process.execPath}" --import "${tsx}" "${main}" scale euw1-a --plan <(printf '{')`;
    let stderr = '';
    try {
      execFileSync('bash', ['-c', script], { cwd: folder, stdio: 'pipe' });
    } catch (error) {
      stderr = String((error as { stderr: Buffer }).stderr);
    }
    // It is read: what is wrong is its text.
    expect(stderr).toMatch(/^cellstamp: \/dev\/fd\/\d+:1:2 error: invalid JSON/);
  });

  it('what editors leave beside a cell, and a mark of UTF-8', async () => {
    lay({ what: '', args: [], error: '' });
    put('cells/.#euw1-a.yaml', { link: 'somebody@somewhere.1:2' });
    put('cells/euw1-a.yaml~', 'old');
    writeFileSync(join(folder, 'cells/euw1-a.yaml'), `\ufeff${CELL}${TARGET}`);
    const { status, stdout } = await cellstamp('check', '--cells', join(folder, 'cells'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^1 file: 0 errors, 0 warnings\n$/m);
  });

  it('a mark of UTF-8 before measurements', async () => {
    lay({ what: '', args: [], error: '' });
    const row = { time: '2026-03-01T08:00:00Z', cell: 'euw1-a', resource: 'setups', value: 1 };
    put('a.ndjson', `\ufeff${JSON.stringify(row)}\n`);
    put('a.csv', '\ufefftime,cell,resource,value\n2026-03-01T09:00:00Z,euw1-a,setups,1\n');
    writeFileSync(join(folder, 'planning.yaml'), `${PLANNING}history: { files: ['a.*'] }\n`);
    const args = ['plan', '--cells', join(folder, 'cells'), '--planning', join(folder, 'planning.yaml')];
    expect(await cellstamp(...args, '--now', '2026-03-02T09:00:00Z')).toMatchObject({ status: 0, stderr: '' });
  });

  it('the SQL of a cell without tenants, when it is asked for', async () => {
    lay({ what: '', args: [], error: '' });
    const args = ['customers', 'euw1-a', '--cells', join(folder, 'cells'), '--delete-all-tenants'];
    const { status, stdout } = await cellstamp(...args);
    expect(status).toBe(0);
    expect(stdout).toContain('tenants');
  });

  it('a plan for another moment is written, with a warning', async () => {
    lay({ what: '', args: [], error: '' });
    const args = ['plan', '--cells', join(folder, 'cells'), '--planning', join(folder, 'planning.yaml'), '--write'];
    const { stderr } = await cellstamp(...args, '--now', '2026-03-02T09:00:00Z');
    expect(stderr).toMatch(
      /^cellstamp: warning: --now 2026-03-02T09:00:00\.000Z is \d+ (hours|days) (ago|ahead); --write writes the plan for that moment/,
    );
    expect(existsSync(join(folder, 'planning-state.json'))).toBe(true);
  });
});
