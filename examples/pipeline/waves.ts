/**
 * Which cells a change reaches, and in which order they are deployed: a canary, one more, a tenth of the fleet, the rest.
 *
 * @example npx tsx examples/pipeline/waves.ts origin/main
 * {"canary":["euw1-b"],"one":[],"tenth":[],"rest":[]}
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readCellFiles } from '../../lib/cli/cell-files.ts';
import { formatFinding } from '../../lib/spec/finding.ts';
import { loadFleet } from '../../lib/spec/fleet.ts';

/** Cells by wave. A wave begins when every cell of the one before has been proved. */
export interface Waves {
  readonly canary: readonly string[];
  readonly one: readonly string[];
  readonly tenth: readonly string[];
  readonly rest: readonly string[];
}

/** What every cell's stack is made from. */
const ofAllCells = /^(lib|stacks)\/|^(package-lock\.json|cdktf\.json|\.terraform\.lock\.hcl)$/;

/**
 * @param paths files that differ, from the root of the repository
 * @param fleet names of the cells that are to stand
 */
export function changedCells(paths: readonly string[], fleet: readonly string[]): readonly string[] {
  if (paths.some((path) => ofAllCells.test(path))) return fleet;
  return fleet.filter((name) => paths.includes(`cells/${name}.yaml`));
}

/**
 * @param cells those to deploy
 * @param fleetSize cells of the whole fleet, of which a tenth is the third wave
 * @param canary the cell that goes first whenever it is among them; otherwise the first by name does
 */
export function wavesOf(cells: readonly string[], fleetSize: number, canary?: string): Waves {
  const order = [...cells].sort((a, b) => Number(b === canary) - Number(a === canary) || (a < b ? -1 : 1));
  const tenth = 2 + Math.ceil(fleetSize / 10);
  return { canary: order.slice(0, 1), one: order.slice(1, 2), tenth: order.slice(2, tenth), rest: order.slice(tenth) };
}

function main([base]: readonly string[]): void {
  if (base === undefined) throw new Error('name the commit that is deployed now: waves.ts COMMIT');
  const { cells, findings } = loadFleet(readCellFiles('cells'));
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(formatFinding).join('\n'));
  const fleet = cells.filter(({ state }) => state !== 'planned').map(({ name }) => name);
  const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8' }).split('\0').slice(0, -1);
  for (const path of git('diff', '--name-only', '-z', '--diff-filter=D', base, 'HEAD', '--', 'cells')) {
    console.error(`${path} is gone, its resources are not: the pipeline takes no cell down`);
  }
  const paths = git('diff', '--name-only', '-z', base, 'HEAD');
  console.log(JSON.stringify(wavesOf(changedCells(paths, fleet), fleet.length, process.env['CANARY'])));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
