/** The pipeline's workflows as data. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const pipeline = 'examples/pipeline';

export interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
}

export interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly uses?: string;
  readonly environment?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly 'max-parallel'?: number; readonly matrix: object };
  readonly steps?: readonly Step[];
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Name of the file to its text. */
export const workflowTexts: ReadonlyMap<string, string> = new Map(
  readdirSync(join(pipeline, 'github')).map((file) => [file, readFileSync(join(pipeline, 'github', file), 'utf8')]),
);

export const workflows: ReadonlyMap<string, Workflow> = new Map(
  [...workflowTexts].map(([file, text]) => [file, parse(text) as Workflow]),
);

export interface GitlabJob {
  readonly stage?: string;
  readonly extends?: string;
  readonly needs?: readonly string[];
  readonly rules?: readonly { readonly if: string }[];
  readonly resource_group?: string;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
  readonly trigger?: object;
  readonly variables?: Readonly<Record<string, string>>;
}

const gitlabFile = (name: string) =>
  parse(readFileSync(join(pipeline, 'gitlab', name), 'utf8')) as Readonly<Record<string, unknown>>;

export const gitlab = gitlabFile('.gitlab-ci.yml');
export const gitlabAws = gitlabFile('aws.yml') as Readonly<Record<string, GitlabJob>>;
/** Keys of the file that are no jobs. */
const keywords = ['stages', 'workflow', 'default', 'variables', 'include'];
export const gitlabJobs = Object.fromEntries(
  Object.entries(gitlab).filter(([name]) => !keywords.includes(name)),
) as Readonly<Record<string, GitlabJob>>;

/** Every shell script in the pipeline, with where it stands. */
export function shellSteps(): readonly (readonly [where: string, script: string])[] {
  const github = [...workflows].flatMap(([file, { jobs }]) =>
    Object.entries(jobs).flatMap(([job, { steps = [] }]) =>
      steps.flatMap(({ run }, index) => (run === undefined ? [] : [[`${file} ${job} ${index + 1}`, run] as const])),
    ),
  );
  const ofGitlab = Object.entries({ ...gitlabJobs, ...gitlabAws }).map(
    ([name, { before_script: before = [], script = [] }]) =>
      [`gitlab ${name}`, [...before, ...script].join('\n')] as const,
  );
  return [...github, ...ofGitlab.filter(([, script]) => script !== '')];
}
