/**
 * Makes GitLab's pipeline of a deploy from the waves on the standard input: a job that plans the front and each cell, and one that deploys
 * it by that plan, each after the one before, so that the first that fails ends it. JSON is YAML.
 *
 * @example npx cellstamp rollout waves "$BEFORE" | npx tsx examples/pipeline/gitlab/child-pipeline.ts "$BEFORE"
 */
import { readFileSync } from 'node:fs';

/** Names by wave, as `npx cellstamp rollout waves` prints them. The wave `front` has the front or nothing. */
type Waves = Readonly<Record<string, readonly string[]>>;

const [before = '', ...others] = process.argv.slice(2);
if (before === '' || others.length > 0) {
  console.error('usage: child-pipeline.ts COMMIT-THAT-IS-DEPLOYED-NOW <WAVES');
  process.exit(2);
}
const waves = wavesIn(readFileSync(0, 'utf8'));

const plans = Object.values(waves)
  .flat()
  .map((name) => [`plan ${name}`, { extends: '.plan-stack', stage: 'plans', needs: [], variables: { TARGET: name } }]);
const jobs: [string, object][] = [];
for (const [wave, names] of Object.entries(waves)) {
  for (const name of names) {
    const job = {
      extends: wave === 'front' ? '.deploy-front' : '.deploy-cell',
      stage: wave,
      needs: [`plan ${name}`, ...jobs.slice(-1).map(([name]) => name)],
      environment: { name: `${wave}/${name}` },
      ...(wave === 'front' ? {} : { variables: { TARGET: name, BEFORE: before } }),
    };
    jobs.push([`deploy ${name}`, job]);
  }
}
const pipeline = {
  include: [{ local: 'examples/pipeline/gitlab/aws.yml' }],
  default: { image: '$PIPELINE_IMAGE' },
  stages: ['plans', ...Object.keys(waves)],
  ...Object.fromEntries([...plans, ...jobs]),
};
// A pipeline without a job is an error.
console.log(JSON.stringify(jobs.length > 0 ? pipeline : { 'nothing to deploy': { script: ['true'] } }, null, 2));

function wavesIn(text: string): Waves {
  try {
    const waves: unknown = JSON.parse(text);
    const lists = Object.values(waves as Waves);
    if (
      lists.length > 0 &&
      lists.every((names) => Array.isArray(names) && names.every((name) => typeof name === 'string'))
    )
      return waves as Waves;
  } catch {
    // Said below.
  }
  console.error(
    'child-pipeline.ts: standard input must be what `npx cellstamp rollout waves` prints: lists of names by wave, as JSON',
  );
  return process.exit(2);
}
