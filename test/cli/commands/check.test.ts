import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp, spawnCellstamp } from '../run-command.ts';

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
    write('euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
    expect(spawnCellstamp(folder, 'check')).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^1 file: 0 errors, 0 warnings\n$/m),
      stderr: '',
    });
  });

  it('counts what AWS has to allow in each region', () => {
    write('euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
    expect(spawnCellstamp(folder, 'check').stdout).toContain(
      'eu-west-1: the fleet needs 7 Elastic IPs (a new account has 5: ask AWS for more, quota L-0263D0A3), 40 vCPUs of On-Demand Standard instances (a new account has 5: ask AWS for more, quota L-1216C47A), 1 VPC\n',
    );
  });

  it('says what is to be filled in on AWS, where, and what is so until then', () => {
    write('euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
    write('b.yaml', 'name: b\nregion: eu-west-1\nnetwork: 10.16.16.0/20\nstate: planned\naws: {}\n');
    const { stdout } = spawnCellstamp(folder, 'check');
    expect(stdout.split('\n').filter((line) => line.includes('fill in'))).toEqual([
      'cell-euw1-a: after the deploy fill in the secret cellstamp/euw1-a/sip-tls-… in eu-west-1: {"certificate": "PEM chain", "key": "PEM"}; until then SIP over TLS shows a certificate that no client trusts',
      'cell-euw1-a: after the deploy fill in the secret cellstamp/euw1-a/signalwire-token-… in eu-west-1: SignalWire’s token for FreeSWITCH’s packages, as plain text; until then FreeSWITCH is off: calls are relayed, but no announcement, voicemail, conference or transcoding is there',
    ]);
  });

  it('prints every finding of every file and ends with 2 when one is an error', () => {
    write('a.yaml', 'name: a\nregion: eu-west-1\nsize: huge\naws: {}\n');
    write('b.yaml', 'name: b\nregion: eu-west-9\nnetwork: 10.16.16.0/20\naws: {}\n');
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
    write('b.yaml', 'name: b\nregion: eu-west-9\naws: {}\n');
    expect((await check()).status).toBe(0);
  });

  it('tells a program all of it as JSON', async () => {
    write('a.yaml', 'name: a\nregion: eu-west-1\nmedia: { hosts: 40 }\naws: {}\n');
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
      toFill: [],
      needs: [],
    });
  });

  it('says how to rewrite files of the old form, and rewrites them', async () => {
    write('a.yaml', 'name: a\nregion: eu-west-1\n# fast\nsbc: { instanceType: c6i.2xlarge }\n');
    write('b.yaml', 'name: b\nregion: eu-west-2\nnetwork: 10.16.16.0/20\naws: {}\n');
    write('front.yaml', 'domain: voice.example.com\nregions: [{ region: us-east-1, network: 10.15.0.0/24 }]\n');
    const before = spawnCellstamp(folder, 'check');
    expect(before).toMatchObject({
      status: 0,
      stderr: '2 files are in the old form; npx cellstamp check --rewrite moves what is in it\n',
    });
    expect(before.stdout).toContain('cells/a.yaml:4:8 warning sbc.instanceType: ');
    expect(spawnCellstamp(folder, 'check', '--rewrite')).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^cells\/a.yaml: rewritten\ncells\/front.yaml: rewritten\n[^]*^3 files: 0 errors, 0 warnings\n$/m,
      ),
      stderr: '',
    });
    expect(readFileSync(join(folder, 'cells/a.yaml'), 'utf8')).toBe(
      'name: a\nregion: eu-west-1\naws:\n  sbc:\n    # fast\n    instanceType: c6i.2xlarge\n',
    );
    expect(readdirSync(join(folder, 'cells')).sort()).toEqual(['a.yaml', 'b.yaml', 'front.yaml']);
    expect(JSON.parse((await check('--rewrite', '--json')).stdout)).toMatchObject({ warnings: 0, rewritten: [] });
  });

  it('leaves a file as it is that can only be rewritten by hand, and ends with 2', async () => {
    const text = '{ name: a, region: eu-west-1, zones: [a, b] }\n';
    write('a.yaml', text);
    const { status, stderr } = await check('--rewrite');
    expect(status).toBe(2);
    expect(stderr).toBe(
      `${join(folder, 'cells/a.yaml')}: not rewritten, it is written in a way that can only be edited by hand\n`,
    );
    expect(readFileSync(join(folder, 'cells/a.yaml'), 'utf8')).toBe(text);
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
    const here = new URL('../../../cells', import.meta.url).pathname;
    expect(await cellstamp('check', '--cells', here)).toMatchObject({ status: 0, stderr: '' });
  });
});
