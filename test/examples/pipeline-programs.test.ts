/** The pipeline's programs with real git in a repository of their own. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingFleet } from '../end-to-end/fleet/growing-fleet.ts';
import { FleetRepository, program } from './fleet-repository.ts';

const cell = (name: string, network: string, more = '') =>
  `name: ${name}\nregion: eu-west-1\naws: {}\nsize: small\nnetwork: ${network}\n${more}`;

let fleet: FleetRepository;
beforeEach(() => {
  fleet = new FleetRepository({
    'cells/a.yaml': cell('a', '10.16.0.0/20'),
    'cells/b.yaml': cell('b', '10.16.16.0/20'),
    'cells/later.yaml': cell('later', '10.16.32.0/20', 'state: planned\n'),
  });
});
afterEach(() => fleet.remove());

/** A command line of `cellstamp`. */
const cellstamp = (...args: readonly string[]) => [process.execPath, '--import', 'tsx', 'lib/cli/main.ts', ...args];
const waves = (...args: readonly string[]) => cellstamp('rollout', 'waves', ...args);

describe('cellstamp rollout waves', () => {
  it('names the changed cells that are to stand, the canary first', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({
      'cells/a.yaml': cell('a', '10.16.0.0/20', 'alarmEmails: [noc@example.com]\n'),
      'cells/c.yaml': cell('c', '10.16.48.0/20'),
      'cells/later.yaml': cell('later', '10.16.32.0/20', 'state: planned\nalarmEmails: [noc@example.com]\n'),
    });
    const { stdout, stderr, status } = fleet.run(waves(before), { CANARY: 'c' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ canary: ['c'], one: ['a'], tenth: [], rest: [] });
  });

  it('takes all cells of a fleet that was never deployed', () => {
    const { stdout } = fleet.run(waves(fleet.git('hash-object', '-t', 'tree', '/dev/null')));
    expect(JSON.parse(stdout)).toEqual({ canary: ['a'], one: ['b'], tenth: [], rest: [] });
  });

  it('takes no cell down whose file is gone, and says so', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.git('rm', '--quiet', 'cells/b.yaml');
    fleet.git('commit', '--quiet', '--message', 'b is gone');
    const { stdout, stderr } = fleet.run(waves(before));
    expect(JSON.parse(stdout)).toEqual({ canary: [], one: [], tenth: [], rest: [] });
    expect(stderr).toBe('cells/b.yaml is gone, its resources are not: no cell is taken down\n');
  });
});

describe('a program that is asked wrongly says so in one line, with status 2:', () => {
  it.each<[what: string, argv: readonly string[], environment: NodeJS.ProcessEnv, error: RegExp]>([
    ['terraform-cell.ts destroy', ['terraform-cell.ts', 'destroy', 'a'], {}, /^usage: terraform-cell\.ts plan\|apply/],
    [
      'terraform-cell.ts nowhere',
      ['terraform-cell.ts', 'plan', 'z'],
      {},
      /^there is no cell z in cells\/; there are a, b/,
    ],
    [
      'child-pipeline.ts without waves',
      ['gitlab/child-pipeline.ts', 'HEAD'],
      {},
      /^child-pipeline\.ts: standard input must be/,
    ],
    [
      'make-history.ts nonsense',
      ['../planning/make-history.ts', 'nonsense'],
      {},
      /^make-history\.ts: "nonsense" is not one time in UTC/,
    ],
    [
      'make-history.ts on a day that no month has',
      ['../planning/make-history.ts', '2026-02-30T00:00:00Z'],
      {},
      /^make-history\.ts: "2026-02-30T00:00:00Z" is not one time in UTC/,
    ],
    ['terraform-cell.ts of a path', ['terraform-cell.ts', 'plan', '../a'], {}, /^usage: terraform-cell\.ts/],
    ['child-pipeline.ts of an empty commit', ['gitlab/child-pipeline.ts', ''], {}, /^usage: child-pipeline\.ts/],
    [
      'stacks/main.ts with a folder that is a file',
      ['../../stacks/main.ts'],
      { CDKTF_OUTDIR: 'cells/a.yaml' },
      /^CDKTF_OUTDIR is cells\/a\.yaml, which is not a folder/,
    ],
    [
      'stacks/main.ts of a cell that is not there, in a folder that is written otherwise',
      ['../../stacks/main.ts'],
      { CELLSTAMP_CELLS: './cells', CELLSTAMP_CELL: 'z' },
      /^there is no cell z in \.\/cells\/; there are a, b/,
    ],
  ])('%s', (_, [file, ...args], environment, error) => {
    const { status, stdout, stderr } = fleet.run(program(file!, ...args), environment);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(error);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('make-history.ts, whose reader has seen enough, says nothing', () => {
    const command = program('../planning/make-history.ts', '2026-03-02T09:00:00Z').join(' ');
    const { status, stdout, stderr } = fleet.run(['bash', '-c', `${command} | head -1`]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'time,tenant,resource,value\n', stderr: '' });
  });

  it.each([
    ['nonsense', 'nonsense', /^cellstamp: nonsense is not a commit of this repository; give/],
    ['an option of git', '--output=x', /^cellstamp: --output=x is not a commit/],
  ])('rollout waves of %s', (_, commit, error) => {
    const { status, stdout, stderr } = fleet.run(waves('--', commit));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(error);
  });

  it.each([
    ['with no way to deploy', ['--target', 'aws'], '--target aws needs --deploy'],
    ['with one on this machine', ['--deploy', 'true'], '--deploy goes with --target aws only'],
  ])('rollout cell %s', (_, options, error) => {
    const { status, stderr } = fleet.run(cellstamp('rollout', 'cell', 'a', '--before', 'HEAD', ...options));
    expect(status).toBe(2);
    expect(stderr).toContain(`cellstamp: ${error}`);
  });

  it('record.sh without a step', () => {
    const { status, stderr } = fleet.run(['examples/pipeline/record.sh', 'a']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'usage: record.sh CELL began|proved|failed\n' });
  });

  it('rollout waves of a fleet that is wrong, with every finding', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/a.yaml': 'name: a\nregion: nowhere\nsize: huge\n' });
    const { status, stderr } = fleet.run(waves(before));
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toMatch(/^(cellstamp: )?cells\/a\.yaml:2:1 error region: nowhere is no region of AWS; /m);
  });
});

describe('plan.sh', () => {
  const now = Date.now();
  const growing = new FleetRepository(growingFleet(now));
  afterAll(() => growing.remove());
  const plan = () => growing.run(['examples/pipeline/plan.sh']);
  const changes = (branch: string) => growing.git('diff', '--name-status', 'main', `origin/${branch}`).split('\n');
  const branches = () => growing.git('ls-remote', '--heads', 'origin').match(/(?<=refs\/heads\/).*/g);

  it('pushes the files that the plan writes to one branch, and what the next plan has to know to another', () => {
    const { status, stdout } = plan();
    expect(stdout).toContain('fleet-d');
    expect(status).toBe(2);
    expect(branches()).toEqual(['main', 'plan', 'planning-state']);
    growing.git('fetch', '--quiet');
    expect(changes('plan')).toEqual(['A\tcells/fleet-d.yaml']);
    const kept = growing.git('ls-tree', '--name-only', 'origin/planning-state').split('\n');
    expect(kept).toEqual(['planning-audit.ndjson', 'planning-state.json']);
    expect(growing.git('ls-files', '--others', '--exclude-standard').split('\n')).toContain('plan.html');
  });

  it('goes on from what the plan before knew', () => {
    growing.git('switch', '--quiet', 'main');
    const before = growing.git('rev-parse', 'origin/planning-state');
    expect([0, 2]).toContain(plan().status);
    growing.git('fetch', '--quiet');
    expect(growing.git('rev-parse', 'origin/planning-state^')).toBe(before);
  });

  it('gives the stamped cell its tenants once its deploy is proved, as record.sh told', () => {
    growing.git('switch', '--quiet', 'main');
    growing.git('merge', '--quiet', 'origin/plan');
    growing.git('push', '--quiet', 'origin', 'main');
    const moves = () => {
      growing.git('switch', '--quiet', '--detach', 'origin/main');
      expect([0, 2]).toContain(plan().status);
      return growing.run(['cat', 'plan.txt']).stdout.match(/has room, but [^\n]*/g) ?? [];
    };
    expect(moves().join('\n')).toContain('fleet-d is not known to be there: no calls have proved it');

    growing.git('switch', '--quiet', '--force', 'main');
    for (const step of ['began', 'failed']) {
      expect(growing.run(['examples/pipeline/record.sh', 'fleet-d', step])).toMatchObject({ status: 0, stderr: '' });
    }
    expect(moves().join('\n')).toContain('fleet-d is on hold: its deploy, which failed, begun');
    growing.git('switch', '--quiet', '--force', 'main');
    expect(growing.run(['examples/pipeline/record.sh', 'fleet-d', 'proved']).status).toBe(0);
    const kept = growing.git('show', 'origin/deploys:planning-deploys.ndjson').split('\n');
    expect(kept.map((line) => (JSON.parse(line) as { step: string }).step)).toEqual(['began', 'failed', 'proved']);
    expect(moves().filter((why) => why.includes('fleet-d'))).toEqual([]);
    expect(growing.run(['cat', 'plan.txt']).stdout).toContain('1 earlier stamp,');
    growing.git('switch', '--quiet', '--force', 'main');
  }, 180_000);

  it('pushes nothing when there can be no plan', () => {
    growing.git('switch', '--quiet', 'main');
    const before = growing.git('ls-remote', 'origin');
    growing.commit({ 'planning.yaml': 'kinds: []\n' });
    const { status, stderr } = plan();
    expect(stderr).toContain('planning.yaml');
    expect(status).toBe(1);
    expect(growing.git('ls-remote', 'origin')).toBe(before);
  });
});
