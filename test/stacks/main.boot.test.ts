/** The Terraform app as the cdktf command runs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('stacks/main.ts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-app-'));
    mkdirSync(join(folder, 'cells'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const cell = (name: string, text = '') =>
    writeFileSync(join(folder, 'cells', `${name}.yaml`), `name: ${name}\nregion: eu-west-1\naws: {}\n${text}`);

  function synth(environment: Readonly<Record<string, string>> = {}) {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'stacks/main.ts'], {
      encoding: 'utf8',
      env: {
        ...process.env,
        CDKTF_OUTDIR: join(folder, 'out'),
        CELLSTAMP_CELLS: join(folder, 'cells'),
        ...environment,
      },
    });
    const stacks = join(folder, 'out', 'stacks');
    return { status, stderr, stacks: existsSync(stacks) ? readdirSync(stacks).sort() : [] };
  }

  const manifest = () =>
    JSON.parse(readFileSync(join(folder, 'out', 'manifest.json'), 'utf8')) as { stacks: Record<string, unknown> };

  it('makes a stack for every cell that stands, and names them in the manifest', () => {
    cell('a');
    cell('b', 'network: 10.16.16.0/20\n');
    cell('c', 'network: 10.16.32.0/20\nstate: planned\n');
    const { status, stacks } = synth();
    expect(status).toBe(0);
    expect(stacks).toEqual(['cell-a', 'cell-b']);
    expect(manifest().stacks['cell-b']).toMatchObject({
      name: 'cell-b',
      synthesizedStackPath: 'stacks/cell-b/cdk.tf.json',
      workingDirectory: 'stacks/cell-b',
    });
  });

  it.each([
    ['the environment', { CELLSTAMP_CELL: 'b' }],
    ['the context', { CDKTF_CONTEXT_JSON: '{"cell":"b"}' }],
  ])('makes the one stack that %s asks for', (_, environment) => {
    cell('a');
    cell('b', 'network: 10.16.16.0/20\n');
    expect(synth(environment).stacks).toEqual(['cell-b']);
    expect(Object.keys(manifest().stacks)).toEqual(['cell-b']);
  });

  it('makes the stack of the front alone when that is asked for', () => {
    cell('a');
    expect(synth({ CELLSTAMP_CELL: 'front' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no front in '),
    });
    const front = 'domain: voice.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\n';
    writeFileSync(join(folder, 'cells', 'front.yaml'), `${front}local: {}\n`);
    expect(synth({ CELLSTAMP_CELL: 'front' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the front is not on AWS'),
    });
    writeFileSync(join(folder, 'cells', 'front.yaml'), `${front}aws: {}\n`);
    expect(synth({ CELLSTAMP_CELL: 'front' })).toMatchObject({ status: 0, stacks: ['front'] });
  });

  it('makes no stack of what is not on AWS, and says so of a cell that is asked for', () => {
    const local = { 'lab.yaml': 'name: lab\nregion: cellar\nnetwork: 10.16.16.0/20\nlocal: {}\n' };
    const front = 'domain: voice.example.com\nregions: [{ region: cellar, network: 10.15.0.0/24 }]\nlocal: {}\n';
    for (const [name, text] of Object.entries({ ...local, 'front.yaml': front })) {
      writeFileSync(join(folder, 'cells', name), text);
    }
    expect(synth()).toEqual({ status: 0, stderr: '', stacks: [] });
    expect(manifest().stacks).toEqual({});
    cell('a');
    expect(synth()).toEqual({ status: 0, stderr: '', stacks: ['cell-a'] });
    expect(readFileSync(join(folder, 'out/stacks/cell-a/cdk.tf.json'), 'utf8')).not.toContain('directory');
    expect(synth({ CELLSTAMP_CELL: 'lab' })).toMatchObject({
      status: 2,
      stderr:
        'the cell lab is not on AWS, so there is no stack of it; allowed: a cell with the section aws, which may be aws: {}\n',
    });
  });

  it('makes the same of a file in the old form, and says where its values belong', () => {
    const rest = 'name: a\nregion: eu-west-1\n';
    const stack = () => readFileSync(join(folder, 'out/stacks/cell-a/cdk.tf.json'), 'utf8');
    writeFileSync(
      join(folder, 'cells/a.yaml'),
      `${rest}aws: { zones: [b, c], redis: { nodeType: cache.r6g.large } }\n`,
    );
    synth();
    const now = stack();
    writeFileSync(join(folder, 'cells/a.yaml'), `${rest}zones: [b, c]\nredis: { nodeType: cache.r6g.large }\n`);
    const { status, stderr } = synth();
    expect(status).toBe(0);
    expect(stderr).toMatch(/a\.yaml:3:1 warning zones: .*aws\.zones\n.*a\.yaml:4:10 warning redis\.nodeType: /);
    expect(stack()).toBe(now);
  });

  it('checks the one cell against all others', () => {
    cell('a');
    cell('b');
    const { status, stderr, stacks } = synth({ CELLSTAMP_CELL: 'b' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/b\.yaml:\d+:\d+ error network: 10\.16\.0\.0\/20 .*overlaps the network in .*a\.yaml/);
    expect(stacks).toEqual([]);
  });

  it('says everything that is wrong, and writes nothing', () => {
    cell('a', 'netwrok: 10.16.16.0/20\n');
    cell('b', 'media: { hosts: 0 }\nnetwork: 10.16.32.0/20\n');
    const { status, stderr, stacks } = synth();
    expect(status).toBe(2);
    expect(stderr).toMatch(/a\.yaml:4.*netwrok/);
    expect(stderr).toMatch(/b\.yaml:4.*hosts/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stacks).toEqual([]);
  });

  it.each([
    ['a cell that is not there', { CELLSTAMP_CELL: 'z' }, /there is no cell z in .*; there are a/],
    ['a planned cell', { CELLSTAMP_CELL: 'p' }, /the cell p is planned, so there is nothing to build yet/],
    [
      'a bucket without a region',
      { CELLSTAMP_STATE_BUCKET: 's' },
      /CELLSTAMP_STATE_REGION does not say in which region/,
    ],
    [
      'a folder that is not there',
      { CELLSTAMP_CELLS: '/nowhere' },
      /\/nowhere:1:1 error: there is no such folder; allowed: .*CELLSTAMP_CELLS/,
    ],
  ])('says so in one line: %s', (_, environment, message) => {
    cell('a');
    cell('p', 'network: 10.16.16.0/20\nstate: planned\n');
    const { status, stderr } = synth(environment);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('makes the front’s stack beside the cells’, which enter themselves into its directory, alone too', () => {
    cell('a');
    writeFileSync(
      join(folder, 'cells', 'front.yaml'),
      'domain: voice.example.com\nregions:\n  - region: eu-west-1\n    network: 10.15.0.0/24\naws: {}\n',
    );
    expect(synth().stacks).toEqual(['cell-a', 'front']);
    expect(manifest().stacks['front']).toMatchObject({ synthesizedStackPath: 'stacks/front/cdk.tf.json' });
    const read = () => readFileSync(join(folder, 'out/stacks/cell-a/cdk.tf.json'), 'utf8');
    const amongAll = read();
    expect(amongAll).toContain('cellstamp-front-directory');
    rmSync(join(folder, 'out'), { recursive: true });
    expect(synth({ CELLSTAMP_CELL: 'a' }).stacks).toEqual(['cell-a']);
    expect(read()).toBe(amongAll);
  });

  it('keeps the states in a bucket where one is named', () => {
    cell('a');
    synth({ CELLSTAMP_STATE_BUCKET: 'states', CELLSTAMP_STATE_REGION: 'eu-central-1' });
    const { terraform } = JSON.parse(readFileSync(join(folder, 'out/stacks/cell-a/cdk.tf.json'), 'utf8')) as {
      terraform: { backend: object };
    };
    expect(terraform.backend).toMatchObject({ s3: { bucket: 'states', key: 'cellstamp/cell-a.tfstate' } });
  });

  it('shares many cells out over threads and writes the same as for one', () => {
    const names = Array.from({ length: 51 }, (_, n) => `c${n}`);
    names.forEach((name, n) => cell(name, `network: 10.${n}.0.0/20\n`));
    expect(synth().stacks).toHaveLength(51);
    const read = () => readFileSync(join(folder, 'out/stacks/cell-c50/cdk.tf.json'), 'utf8');
    const amongAll = read();
    rmSync(join(folder, 'out'), { recursive: true });
    expect(synth({ CELLSTAMP_CELL: 'c50' }).stacks).toEqual(['cell-c50']);
    expect(read()).toBe(amongAll);
  }, 120_000);
});
