/**
 * Which cells a change reaches, and in which order they are deployed: a canary, one more, a tenth of the fleet, the rest.
 *
 * @example npx tsx examples/pipeline/waves.ts origin/main
 * {"canary":["euw1-b"],"one":[],"tenth":[],"rest":[]}
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFleet } from '../../lib/cli/cell-files.ts';
import { formatFinding, printable } from '../../lib/spec/finding.ts';
import { orExit } from './or-exit.ts';
import { changedCells, wavesOf } from './wave-order.ts';

const [base] = process.argv.slice(2);
if (base === undefined) fail('usage: waves.ts COMMIT-THAT-IS-DEPLOYED-NOW');
const { cells, findings } = orExit(() => readFleet('cells'));
const errors = findings.filter(({ severity }) => severity === 'error');
if (errors.length > 0) fail(...errors.map(formatFinding));

const tree = spawnSync('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{tree}`], {
  encoding: 'utf8',
});
if (tree.status !== 0) {
  fail(
    `waves.ts: ${printable(base)} is not a commit of this repository; give the commit or the tag that is deployed now`,
  );
}
const deployed = tree.stdout.trim();

const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8' }).split('\0').slice(0, -1);
for (const path of git('diff', '--name-only', '-z', '--diff-filter=D', deployed, 'HEAD', '--', 'cells')) {
  console.error(`${path} is gone, its resources are not: the pipeline takes no cell down`);
}
const paths = git('diff', '--name-only', '-z', deployed, 'HEAD');
const fleet = cells.filter(({ state }) => state !== 'planned').map(({ name }) => name);
console.log(JSON.stringify(wavesOf(changedCells(paths, fleet), fleet.length, process.env['CANARY'])));

function fail(...lines: readonly string[]): never {
  console.error(lines.join('\n'));
  process.exit(2);
}
