/** The pipeline's programs with real git in a repository of their own. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWith } from '../requirements.ts';
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
    expect(JSON.parse(stdout)).toEqual({ front: [], canary: ['c'], one: ['a'], tenth: [], rest: [] });
  });

  it('takes all cells of a fleet that was never deployed', () => {
    const { stdout } = fleet.run(waves(fleet.git('hash-object', '-t', 'tree', '/dev/null')));
    expect(JSON.parse(stdout)).toEqual({ front: [], canary: ['a'], one: ['b'], tenth: [], rest: [] });
  });

  it('names the front before all cells when its file has changed, where it is on AWS', () => {
    const front = (more: string) =>
      ['domain: voice.example.com', 'regions: [{ region: eu-west-1, network: 10.15.0.0/24 }]', more, ''].join('\n');
    const none = fleet.git('rev-parse', 'HEAD');
    const before = fleet.commit({ 'cells/front.yaml': front('aws: {}') });
    expect(JSON.parse(fleet.run(waves(none)).stdout)).toEqual({
      front: ['front'],
      canary: [],
      one: [],
      tenth: [],
      rest: [],
    });
    expect(JSON.parse(fleet.run(waves(before)).stdout)).toMatchObject({ front: [] });
    fleet.commit({ 'cells/front.yaml': front('local: {}') });
    expect(JSON.parse(fleet.run(waves(before)).stdout)).toMatchObject({ front: [] });
  });

  it('takes no cell down whose file is gone, and says so', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.git('rm', '--quiet', 'cells/b.yaml');
    fleet.git('commit', '--quiet', '--message', 'b is gone');
    const { stdout, stderr } = fleet.run(waves(before));
    expect(JSON.parse(stdout)).toEqual({ front: [], canary: [], one: [], tenth: [], rest: [] });
    expect(stderr).toBe('cells/b.yaml was removed, but its resources still exist: nothing is deleted\n');
  });
});

describe('cellstamp rollout waves of what lies in the folder', () => {
  it('has cells whose change no commit has, and new ones', () => {
    writeFileSync(join(fleet.path, 'cells/b.yaml'), cell('b', '10.16.16.0/20', 'alarmEmails: [noc@example.com]\n'));
    writeFileSync(join(fleet.path, 'cells/c.yaml'), cell('c', '10.16.48.0/20'));
    const { stdout, stderr } = fleet.run(waves('HEAD'));
    expect({ stderr, waves: JSON.parse(stdout) as unknown }).toEqual({
      ...{ stderr: '', waves: { front: [], canary: ['b'], one: ['c'], tenth: [], rest: [] } },
    });
  });

  it('names the file of a cell that was renamed, whose resources are still there', () => {
    fleet.git('mv', 'cells/b.yaml', 'cells/c.yaml');
    fleet.commit({ 'cells/c.yaml': cell('c', '10.16.16.0/20') });
    const { stdout, stderr } = fleet.run(waves('HEAD^'));
    expect(JSON.parse(stdout)).toMatchObject({ canary: ['c'], one: [] });
    expect(stderr).toBe('cells/b.yaml was removed, but its resources still exist: nothing is deleted\n');
  });

  it('finds the cells of a fleet that lies in a folder of its repository', () => {
    fleet.commit({ 'voice/cells/x.yaml': cell('x', '10.16.0.0/20'), 'voice/cells/y.yaml': cell('y', '10.16.16.0/20') });
    fleet.commit({ 'voice/cells/y.yaml': cell('y', '10.16.16.0/20', 'alarmEmails: [noc@example.com]\n') });
    for (const name of ['lib', 'node_modules']) symlinkSync(join(fleet.path, name), join(fleet.path, 'voice', name));
    writeFileSync(join(fleet.path, '.git/info/exclude'), '/voice/lib\n/voice/node_modules\n', { flag: 'a' });
    const { stdout } = fleet.run(['bash', '-c', `cd voice && ${waves('HEAD^').join(' ')}`]);
    expect(JSON.parse(stdout)).toEqual({ front: [], canary: ['y'], one: [], tenth: [], rest: [] });
  });
});

describe('a program that is asked wrongly says so in one line, with status 2:', () => {
  it.each<[what: string, argv: readonly string[], environment: NodeJS.ProcessEnv, error: RegExp]>([
    [
      'terraform-stack.ts destroy',
      ['terraform-stack.ts', 'destroy', 'a'],
      {},
      /^usage: terraform-stack\.ts plan\|apply\|drift/,
    ],
    [
      'terraform-stack.ts nowhere',
      ['terraform-stack.ts', 'plan', 'z'],
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
    ['terraform-stack.ts of a path', ['terraform-stack.ts', 'plan', '../a'], {}, /^usage: terraform-stack\.ts/],
    [
      'terraform-stack.ts that saves what it applies',
      ['terraform-stack.ts', 'apply', 'a', '--save', 'x'],
      {},
      /^usage: /,
    ],
    ['terraform-stack.ts with a file that is not named', ['terraform-stack.ts', 'plan', 'a', '--save'], {}, /^usage: /],
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

  it('rollout waves with a canary that is no cell', () => {
    const { status, stdout, stderr } = fleet.run(waves('HEAD'), { CANARY: 'eu-a' });
    expect({ status, stdout, stderr }).toEqual({
      ...{ status: 2, stdout: '', stderr: 'cellstamp: --canary (or CANARY) is eu-a; allowed: a, b\n' },
    });
  });

  it('rollout cell with a secret that is not there, before anything is done', () => {
    const bake = 'history: { prometheus: { url: "http://127.0.0.1:1", auth: { bearer: { env: NO_TOKEN } } } }';
    fleet.commit({
      'planning.yaml': `kinds: [{ region: eu-west-1, prefix: a- }]\n${bake}\nrollout: { bake: { minutes: 1 } }\n`,
    });
    const aws = ['--target', 'aws', '--deploy', 'touch deployed', '--secret'];
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf';
    const { status, stderr } = fleet.run(cellstamp('rollout', 'cell', 'a', '--before', 'HEAD^', ...aws, arn));
    expect(stderr).toMatch(/^cellstamp: .*NO_TOKEN.*\n$/);
    expect(status).toBeGreaterThan(0);
    expect(existsSync(join(fleet.path, 'rollout-audit.ndjson'))).toBe(false);
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
    expect(stderr).toMatch(/^(cellstamp: )?cells\/a\.yaml:2:1 error region: nowhere is not an AWS region; /m);
  });
});

/** Programs of a line or more for bash, in place of the real ones of these names. @returns the environment with them */
function inPlaceOf(programs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const folder = join(fleet.path, '.git/programs');
  mkdirSync(folder, { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }
  return { PATH: `${folder}:${process.env['PATH']}` };
}

const topic = 'arn:aws:sns:eu-west-1:123456789012:cellstamp-pipeline';
/** Keeps the words that it gets, each on a line. */
const listener = 'printf "%s\\n" "$@" >>told.txt';

describe('notify.sh', () => {
  it('publishes a subject and a text that fit into a message', () => {
    const command = `printf '%.0sx' {1..70000} | examples/pipeline/notify.sh '${'s'.repeat(120)}'`;
    const { status, stderr } = fleet.run(['bash', '-c', command], {
      ...inPlaceOf({ aws: listener }),
      CELLSTAMP_NOTIFY_TOPIC: topic,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const told = readFileSync(join(fleet.path, 'told.txt'), 'utf8').split('\n');
    expect(told.slice(0, 6)).toEqual(['sns', 'publish', '--region', 'eu-west-1', '--topic-arn', topic]);
    expect(told[7]).toHaveLength(100);
    expect(told[9]).toHaveLength(30_000);
  });

  it.each([
    ['a topic', ['x'], {}, 1, /CELLSTAMP_NOTIFY_TOPIC is not set/],
    ['a subject', [], { CELLSTAMP_NOTIFY_TOPIC: topic }, 2, /^usage: notify\.sh SUBJECT <TEXT\n$/],
  ])('refuses to do without %s', (_, args, environment, expected, message) => {
    const { status, stderr } = fleet.run(['examples/pipeline/notify.sh', ...args], environment);
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
  });
});

describe('drift.sh', () => {
  /** @param differing the stacks that differ from what is there */
  const drift = (differing: string, waves = `echo '{"front":["front"],"canary":["a"],"one":["b"]}'`) =>
    fleet.run(['examples/pipeline/drift.sh'], {
      ...inPlaceOf({
        aws: listener,
        npx: `case "$*" in
          'cellstamp rollout waves '*) ${waves} ;;
          *'terraform-stack.ts drift '*) echo "compared $4"; [[ $4 != expired ]] || exit 1; [[ ' ${differing} ' != *" $4 "* ]] || exit 3 ;;
        esac`,
      }),
      CELLSTAMP_NOTIFY_TOPIC: topic,
    });

  it('compares all stacks, and tells nobody where none differs', () => {
    expect(drift('')).toEqual({ status: 0, stdout: 'compared front\ncompared a\ncompared b\n', stderr: '' });
    expect(existsSync(join(fleet.path, 'told.txt'))).toBe(false);
  });

  it('tells people which stacks differ, and goes on with the others', () => {
    const { status, stdout } = drift('front a');
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'compared front\ncompared a\ncompared b\n' });
    const told = readFileSync(join(fleet.path, 'told.txt'), 'utf8');
    expect(told).toContain('Differs from its stack: front a\n');
    expect(told).toContain('compared b');
  });

  it('tells a stack that can not be compared from one that differs', () => {
    expect(drift('a', `echo '{"canary":["a"],"one":["expired"]}'`).status).toBe(1);
    const told = readFileSync(join(fleet.path, 'told.txt'), 'utf8');
    expect(told).toContain('Differs from its stack: a\n');
    expect(told).toContain("Can't be compared: expired\n");
  });

  it('tells people when nothing could be compared', () => {
    expect(drift('', 'echo wrong >&2; exit 2')).toMatchObject({ status: 1, stderr: 'wrong\n' });
    expect(readFileSync(join(fleet.path, 'told.txt'), 'utf8')).toContain(
      'No stack was compared: the fleet has errors\n',
    );
  });
});

describe('terraform-stack.ts', () => {
  /** Terraform and KMS, as far as a plan without changes needs them. */
  const made = (apply: string) => ({
    ...inPlaceOf({
      terraform: `[ "$1" != version ] || echo Terraform v1.11.4; shift; case "$1" in
        plan) [[ "$*" != *detailed-exitcode* ]] || exit 2; echo planned >cdktf.out/stacks/cell-a/plan ;;
        show) echo '{"resource_changes": [], "planned_values": {"root_module": {}}}' ;;
        apply) ${apply} ;;
      esac`,
      // The encrypted key is the key: what it is for is checked where keys are those of KMS.
      aws: `case "$2" in
        generate-data-key) key=$(printf '%032d' 7 | base64); echo "{\\"Plaintext\\": \\"$key\\", \\"CiphertextBlob\\": \\"$key\\"}" ;;
        decrypt) echo "{\\"Plaintext\\": \\"$(printf '%032d' 7 | base64)\\"}" ;;
      esac`,
    }),
    CELLSTAMP_PLAN_KEY: 'alias/cellstamp-plans',
  });
  const stack = (apply: string, ...args: readonly string[]) =>
    fleet.run(program('terraform-stack.ts', ...args), made(apply));

  it('applies the plan that was saved, and no other', () => {
    const apply = 'cat cdktf.out/stacks/cell-a/plan >applied.txt';
    expect(stack(apply, 'plan', 'a', '--save', 'plans/a.plan')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(fleet.path, 'plans/a.plan'), 'utf8')).not.toContain('planned');
    expect(stack(apply, 'apply', 'a', '--saved', 'plans/a.plan')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(fleet.path, 'applied.txt'), 'utf8')).toBe('planned\n');
    expect(existsSync(join(fleet.path, 'cdktf.out/stacks/cell-a/plan'))).toBe(false);

    // Terraform would apply it to the state that it names.
    const elsewhere = fleet.run(program('terraform-stack.ts', 'apply', 'a', '--saved', 'plans/a.plan'), {
      ...made(apply),
      CELLSTAMP_STATE_BUCKET: 'states',
      CELLSTAMP_STATE_REGION: 'eu-west-1',
    });
    expect(elsewhere.status).toBe(1);
    expect(elsewhere.stderr).toContain('plans/a.plan: it is for the state in local, not in eu-west-1/states; ');

    // The state has moved on.
    const stale = stack('echo "Error: Saved plan is stale" >&2; exit 1', 'apply', 'a', '--saved', 'plans/a.plan');
    expect(stale.status).toBe(1);
    expect(stale.stderr).toContain(
      'terraform-stack.ts: the state has changed since the plan was made; run the pipeline again',
    );

    // So has the commit.
    fleet.commit({ 'README.md': 'changed\n' });
    const late = stack(apply, 'apply', 'a', '--saved', 'plans/a.plan');
    expect(late.status).toBe(1);
    expect(late.stderr).toMatch(
      /^terraform-stack\.ts: plans\/a\.plan: it is of the commit [0-9a-f]{40}, and this is /m,
    );
    const none = stack(apply, 'apply', 'a', '--saved', 'none');
    expect(none).toMatchObject({ status: 2, stderr: 'terraform-stack.ts: none: there is no such file\n' });
  }, 120_000);

  it('saves no plan of files that no commit has', () => {
    writeFileSync(join(fleet.path, 'cells/a.yaml'), cell('a', '10.16.64.0/20'));
    writeFileSync(join(fleet.path, 'cells/new.yaml'), cell('new', '10.16.128.0/20'));
    const { status, stderr } = stack('true', 'plan', 'a', '--save', 'a.plan');
    expect(status).toBe(1);
    expect(stderr).toBe(
      'terraform-stack.ts: a plan is saved of a commit, and these files have changed since:\n M cells/a.yaml\n?? cells/new.yaml\n',
    );
    expect(existsSync(join(fleet.path, 'a.plan'))).toBe(false);
  }, 60_000);
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

  it.each([
    [1, 'planning-state'],
    [2, 'deploys'],
  ])(
    'plans nothing when, asked for the %i. time, the origin does not say whether there is a branch',
    (time, branch) => {
      growing.git('switch', '--quiet', '--force', 'main');
      const before = growing.git('ls-remote', 'origin');
      const { status, stderr } = growing.run(['examples/pipeline/plan.sh'], withoutNetwork(growing, time));
      expect(stderr).toBe(`plan.sh: the branch ${branch} can't be asked for, so there is no plan\n`);
      expect(status).toBe(1);
      expect(growing.git('ls-remote', 'origin')).toBe(before);
    },
  );

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

/** Git that does not reach the origin when it is asked for the n-th time what is there. */
function withoutNetwork(fleet: FleetRepository, ...times: readonly number[]): NodeJS.ProcessEnv {
  const folder = join(fleet.path, '.git/away');
  const asked = join(folder, 'asked');
  const script = [
    '#!/bin/bash',
    'PATH=${PATH#*:}',
    `if [ "$1" = ls-remote ]; then echo >>${asked}; case " ${times.join(' ')} " in *" $(wc -l <${asked}) "*) exit 128 ;; esac; fi`,
    'exec git "$@"',
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(asked, '');
  writeFileSync(join(folder, 'git'), `${script.join('\n')}\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env['PATH']}` };
}

describeWith(['root'], 'rollout.sh', () => {
  const today = new Date().toISOString().slice(0, 10);
  // On this machine: a cell on AWS is locked there.
  const file = (more: string) => cell('a', '10.16.0.0/20', more).replace('aws: {}', 'local: {}');
  const frozen = new FleetRepository({
    'cells/a.yaml': file(''),
    'planning.yaml': [
      'kinds: [{ region: eu-west-1, prefix: a- }]',
      `rollout: { freezes: [{ name: end of year, from: ${today}, until: 2099-12-31 }] }`,
      '',
    ].join('\n'),
  });
  afterAll(() => frozen.remove());
  const kept = () => frozen.git('show', 'origin/rollouts:rollout-audit.ndjson').split('\n');
  const rollOut = (environment: NodeJS.ProcessEnv = {}) => {
    const run = frozen.run(['examples/pipeline/rollout.sh', 'cell', 'a', '--before', 'HEAD^'], environment);
    frozen.git('fetch', '--quiet');
    return run;
  };

  it('keeps the log of each roll-out on its branch, whatever its outcome', () => {
    frozen.commit({ 'cells/a.yaml': file('alarmEmails: [noc@example.com]\n') });
    expect(rollOut()).toMatchObject({ status: 1 });
    const first = kept();
    expect(first.map((line) => (JSON.parse(line) as { result: string }).result)).toEqual(['held']);
    expect(rollOut()).toMatchObject({ status: 1 });
    expect(kept()).toHaveLength(2);
    expect(kept()[0]).toBe(first[0]);
    expect(frozen.git('ls-tree', '--name-only', 'origin/rollouts')).toBe('rollout-audit.ndjson');
  });

  it('adds its lines to what another job has pushed meanwhile', () => {
    // The other job is as quick as can be: its push arrives when this one begins.
    const other = join(frozen.path, '.git/hooks/pre-push');
    const script = [
      '#!/bin/bash',
      'rm "$0"',
      `tree=$(printf '100644 blob %s\\trollout-audit.ndjson\\n' "$({ git show FETCH_HEAD:rollout-audit.ndjson; echo '{"other":1}'; } | git hash-object -w --stdin)" | git mktree)`,
      'git push --quiet --no-verify origin "$(git commit-tree "$tree" -p FETCH_HEAD -m other):refs/heads/rollouts"',
    ];
    mkdirSync(dirname(other), { recursive: true });
    writeFileSync(other, `${script.join('\n')}\n`, { mode: 0o755 });
    expect(rollOut()).toMatchObject({ status: 1 });
    expect(existsSync(other)).toBe(false);
    const lines = kept();
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe('{"other":1}');
    expect(lines[3]).toContain('"held"');
  });

  it('does not begin when it can’t know what earlier ones did', () => {
    const before = kept();
    expect(rollOut(withoutNetwork(frozen, 1))).toMatchObject({
      status: 1,
      stderr: "rollout.sh: the log on the branch rollouts can't be read, so nothing was done\n",
    });
    expect(kept()).toEqual(before);
  });

  it('keeps its log when the origin is away for a moment', () => {
    const before = kept();
    expect(rollOut(withoutNetwork(frozen, 2))).toMatchObject({ status: 1 });
    expect(kept().slice(0, -1)).toEqual(before);
  });

  it('leaves its lines in the folder when they can’t be kept, and says so', () => {
    const before = kept();
    const { status, stderr } = rollOut(withoutNetwork(frozen, 2, 3, 4, 5, 6));
    expect({ status, stderr: stderr.trimEnd().split('\n').at(-1) }).toEqual({
      status: 1,
      stderr: 'rollout.sh: the log could not be pushed to the branch rollouts; it is in rollout-audit.ndjson',
    });
    expect(kept()).toEqual(before);
    expect(readFileSync(join(frozen.path, 'rollout-audit.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(
      before.length + 1,
    );
  });

  it('without arguments', () => {
    const { status, stderr } = frozen.run(['examples/pipeline/rollout.sh']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'usage: rollout.sh cell|fleet ARGUMENT...\n' });
  });
});
