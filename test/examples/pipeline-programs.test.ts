/** The pipeline's programs with real git in a repository of their own. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingFleet } from '../calls/growing-fleet.ts';
import { FleetRepository, program } from './fleet-repository.ts';

const cell = (name: string, network: string, more = '') =>
  `name: ${name}\nregion: eu-west-1\nsize: small\nnetwork: ${network}\n${more}`;

let fleet: FleetRepository;
beforeEach(() => {
  fleet = new FleetRepository({
    'cells/a.yaml': cell('a', '10.16.0.0/20'),
    'cells/b.yaml': cell('b', '10.16.16.0/20'),
    'cells/later.yaml': cell('later', '10.16.32.0/20', 'state: planned\n'),
  });
});
afterEach(() => fleet.remove());

describe('waves.ts', () => {
  it('names the changed cells that are to stand, the canary first', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({
      'cells/a.yaml': cell('a', '10.16.0.0/20', 'alarmEmails: [noc@example.com]\n'),
      'cells/c.yaml': cell('c', '10.16.48.0/20'),
      'cells/later.yaml': cell('later', '10.16.32.0/20', 'state: planned\nalarmEmails: [noc@example.com]\n'),
    });
    const { stdout, stderr, status } = fleet.run(program('waves.ts', before), { CANARY: 'c' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ canary: ['c'], one: ['a'], tenth: [], rest: [] });
  });

  it('takes all cells of a fleet that was never deployed', () => {
    const { stdout } = fleet.run(program('waves.ts', fleet.git('hash-object', '-t', 'tree', '/dev/null')));
    expect(JSON.parse(stdout)).toEqual({ canary: ['a'], one: ['b'], tenth: [], rest: [] });
  });

  it('takes no cell down whose file is gone, and says so', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.git('rm', '--quiet', 'cells/b.yaml');
    fleet.git('commit', '--quiet', '--message', 'b is gone');
    const { stdout, stderr } = fleet.run(program('waves.ts', before));
    expect(JSON.parse(stdout)).toEqual({ canary: [], one: [], tenth: [], rest: [] });
    expect(stderr).toBe('cells/b.yaml is gone, its resources are not: the pipeline takes no cell down\n');
  });
});

describe('a program that is asked wrongly says so in one line, with status 2:', () => {
  it.each<[what: string, argv: readonly string[], environment: NodeJS.ProcessEnv, error: RegExp]>([
    ['waves.ts without a commit', ['waves.ts'], {}, /^usage: waves\.ts COMMIT/],
    [
      'waves.ts nonsense',
      ['waves.ts', 'nonsense'],
      {},
      /^waves\.ts: nonsense is not a commit of this repository; give/,
    ],
    ['waves.ts with an option of git', ['waves.ts', '--output=x'], {}, /^waves\.ts: --output=x is not a commit/],
    ['deploy-cell.ts without commands', ['deploy-cell.ts', 'a', 'HEAD'], {}, /^usage: DEPLOY=COMMAND/],
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
      /^make-history\.ts: "nonsense" is not a time/,
    ],
  ])('%s', (_, [file, ...args], environment, error) => {
    const { status, stdout, stderr } = fleet.run(program(file!, ...args), environment);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(error);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('record.sh without a step', () => {
    const { status, stderr } = fleet.run(['examples/pipeline/record.sh', 'a']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'usage: record.sh CELL began|proved|failed\n' });
  });

  it('waves.ts of a fleet that is wrong, with every finding', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/a.yaml': 'name: a\nregion: nowhere\nsize: huge\n' });
    const { status, stderr } = fleet.run(program('waves.ts', before));
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toMatch(/^cells\/a\.yaml:2:1 error region: must be .*; got nowhere$/m);
  });
});

describe('deploy-cell.ts', () => {
  /** Deploying writes what is checked out; a cell with the word broken in its file cannot be proved. */
  const commands = {
    DEPLOY: 'cp "cells/$CELL.yaml" deployed',
    PROVE: '! grep broken deployed',
    RECORD: 'echo "$CELL $STEP" >>recorded',
  };
  const deploy = (name: string, before: string, environment = {}) =>
    fleet.run(program('deploy-cell.ts', name, before), { ...commands, ...environment });
  const deployed = () => fleet.run(['cat', 'deployed']).stdout;
  const recorded = () => fleet.run(['cat', 'recorded']).stdout.trim().split('\n');

  it('deploys and proves', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/a.yaml': cell('a', '10.16.0.0/20', '# better\n') });
    expect(deploy('a', before)).toMatchObject({ status: 0, stdout: 'cell a is deployed and proved\n', stderr: '' });
    expect(deployed()).toContain('# better');
    expect(recorded()).toEqual(['a began', 'a proved']);
  });

  it('goes back to the commit before when a cell is not proved, proves it there, and fails', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/a.yaml': cell('a', '10.16.0.0/20', '# broken\n') });
    const { status, stderr } = deploy('a', before);
    expect(stderr).toBe(`cell a is deployed and not proved: it is back at ${before}, and proved there\n`);
    expect(status).toBe(1);
    expect(deployed()).not.toContain('broken');
    expect(recorded()).toEqual(['a began', 'a proved']);
  });

  it('goes back when a command in the middle of a deploy fails', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/a.yaml': cell('a', '10.16.0.0/20', '# broken\n') });
    const halfway = `cp "cells/$CELL.yaml" deployed\ntest -z "$(grep broken deployed)"\ntrue`;
    const { status, stderr } = deploy('a', before, { DEPLOY: halfway, PROVE: 'true' });
    expect(stderr).toBe(`cell a is not deployed: it is back at ${before}, and proved there\n`);
    expect(status).toBe(1);
    expect(deployed()).not.toContain('broken');
  });

  it('leaves a new cell as it is: there is nothing to go back to, and no tenant is in it', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit({ 'cells/c.yaml': cell('c', '10.16.48.0/20', '# broken\n') });
    const { status, stderr } = deploy('c', before);
    expect(stderr).toMatch(
      /^cell c is deployed and not proved: it is not in [0-9a-f]{40}, so there is nothing to go back to/,
    );
    expect(status).toBe(1);
    expect(deployed()).toContain('broken');
    expect(recorded()).toEqual(['c began', 'c failed']);
  });

  it('asks for someone when the commit before is not proved either', () => {
    const before = fleet.commit({ 'cells/a.yaml': cell('a', '10.16.0.0/20', '# broken\n') });
    fleet.commit({ 'cells/a.yaml': cell('a', '10.16.0.0/20', '# broken too\n') });
    const { status, stderr } = deploy('a', before);
    expect(stderr).toContain(`going back to ${before}, it is deployed and not proved: it needs someone now`);
    expect(status).toBe(1);
    expect(recorded()).toEqual(['a began', 'a failed']);
  });

  it('does nothing that it can’t tell the planner of', () => {
    const { status, stderr } = deploy('a', fleet.git('rev-parse', 'HEAD'), { RECORD: 'false' });
    expect(stderr).toBe('cell a: that its deploy begins could not be recorded, so nothing was done\n');
    expect(status).toBe(1);
    expect(deployed()).toBe('');
  });

  it('is refused without its commands', () => {
    expect(fleet.run(program('deploy-cell.ts', 'a', 'HEAD'))).toMatchObject({
      status: 2,
      stderr: 'usage: DEPLOY=COMMAND PROVE=COMMAND RECORD=COMMAND deploy-cell.ts CELL COMMIT-BEFORE\n',
    });
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
