/**
 * The Terraform app: a stack for every file in `cells/`, `cell-NAME` for a cell and `front` for the front. `cdktf.json` names it,
 * so `cdktf deploy cell-euw1-a` runs it.
 *
 * | setting | as context | what it does |
 * | --- | --- | --- |
 * | CELLSTAMP_CELL | cell | builds this cell's stack only; the rules between cells are still checked against all |
 * | CELLSTAMP_CELLS | cells | folder of the cells' files, `cells` by default |
 * | CELLSTAMP_STATE_BUCKET | stateBucket | S3 bucket for Terraform's states; a file beside the project by default |
 * | CELLSTAMP_STATE_REGION | stateRegion | region of that bucket |
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatFinding } from '../lib/spec/finding.ts';
import { loadFleet } from '../lib/spec/fleet.ts';
import { synthesise } from './synthesise.ts';

const context = JSON.parse(process.env['CDKTF_CONTEXT_JSON'] ?? '{}') as Readonly<Record<string, unknown>>;

function setting(variable: string, key: string): string | undefined {
  const value = process.env[variable] ?? context[key];
  return value === undefined || value === '' ? undefined : String(value);
}

function fail(...lines: readonly string[]): never {
  console.error(lines.join('\n'));
  process.exit(1);
}

const only = setting('CELLSTAMP_CELL', 'cell');
const folder = setting('CELLSTAMP_CELLS', 'cells') ?? 'cells';
const bucket = setting('CELLSTAMP_STATE_BUCKET', 'stateBucket');
const region = setting('CELLSTAMP_STATE_REGION', 'stateRegion');
if (bucket !== undefined && region === undefined) {
  fail(`CELLSTAMP_STATE_BUCKET is ${bucket}, but CELLSTAMP_STATE_REGION does not say in which region it is`);
}

if (!existsSync(folder)) fail(`there is no folder ${folder}; cells are files such as ${folder}/euw1-a.yaml`);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => ({ path: join(folder, file), text: readFileSync(join(folder, file), 'utf8') }));
const { cells, front, findings } = loadFleet(files, only === undefined ? {} : { only });
const errors = findings.filter((finding) => finding.severity === 'error');
if (errors.length > 0) fail(...findings.map(formatFinding));
for (const finding of findings) console.error(formatFinding(finding));

if (only !== undefined && cells.length === 0) {
  fail(
    `there is no cell ${only} in ${folder}/; there are ${
      files
        .map(({ path }) => path.slice(folder.length + 1, -5))
        .filter((name) => name !== 'front')
        .join(', ') || 'none'
    }`,
  );
}
const standing = cells.filter((cell) => cell.state !== 'planned');
if (only !== undefined && standing.length === 0) fail(`the cell ${only} is planned, so there is nothing to build yet`);

await synthesise({
  specs: standing,
  ...(front ? { front } : {}),
  frontStack: only === undefined,
  outdir: process.env['CDKTF_OUTDIR'] ?? 'cdktf.out',
  ...(bucket !== undefined && region !== undefined ? { state: { bucket, region } } : {}),
});
