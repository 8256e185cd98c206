/**
 * Makes GitLab's pipeline of a deploy from the waves on the standard input: a job a cell, each after the one before, so that
 * the first that fails ends it. JSON is YAML.
 *
 * @example npx tsx examples/pipeline/waves.ts "$BEFORE" | npx tsx examples/pipeline/gitlab/child-pipeline.ts "$BEFORE"
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Waves } from '../waves.ts';

/** @param before the commit that is deployed now */
export function childPipeline(waves: Waves, before: string): object {
  const jobs: [string, object][] = [];
  for (const [wave, cells] of Object.entries(waves) as [keyof Waves, readonly string[]][]) {
    for (const cell of cells) {
      const job = {
        extends: '.deploy-cell',
        stage: wave,
        needs: jobs.slice(-1).map(([name]) => name),
        environment: { name: `${wave}/${cell}` },
        variables: { TARGET: cell, BEFORE: before },
      };
      jobs.push([`deploy ${cell}`, job]);
    }
  }
  // A pipeline without a job is an error.
  if (jobs.length === 0) return { 'nothing to deploy': { script: ['true'] } };
  return {
    include: [{ local: 'examples/pipeline/gitlab/aws.yml' }],
    default: { image: '$PIPELINE_IMAGE' },
    stages: Object.keys(waves),
    ...Object.fromEntries(jobs),
  };
}

const [before] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (before === undefined) throw new Error('name the commit that is deployed now: child-pipeline.ts COMMIT');
  console.log(JSON.stringify(childPipeline(JSON.parse(readFileSync(0, 'utf8')) as Waves, before), null, 2));
}
