/**
 * The Terraform app: a stack for every file in `cells/` with a section `aws`, `cell-NAME` for a cell and `front` for the front. `cdktf.json` names it,
 * so `cdktf deploy cell-euw1-a` runs it.
 *
 * | setting | as context | what it does |
 * | --- | --- | --- |
 * | CELLSTAMP_CELL | cell | builds this cell's stack only, or that of `front`; the rules between cells are still checked against all |
 * | CELLSTAMP_CELLS | cells | folder of the cells' files, `cells` by default |
 * | CELLSTAMP_STATE_BUCKET | stateBucket | S3 bucket for Terraform's states; a file beside the project by default |
 * | CELLSTAMP_STATE_REGION | stateRegion | region of that bucket |
 */
import { existsSync, statSync } from 'node:fs';
import { parse } from 'node:path';
import { readCellFolder } from '../lib/config-file/cell-folder.ts';
import { formatFinding } from '../lib/config-file/finding.ts';
import { loadFleet } from '../lib/fleet/fleet.ts';
import { isOnAws } from '../lib/fleet/schema/targets/on-aws.ts';
import { synthesise } from './synthesise.ts';

const context = contextOf(process.env['CDKTF_CONTEXT_JSON'] ?? '{}');

function setting(variable: string, key: string): string | undefined {
  const value = process.env[variable] ?? context[key];
  return value === undefined || value === '' ? undefined : String(value);
}

function fail(...lines: readonly string[]): never {
  console.error(lines.join('\n'));
  process.exit(2);
}

function contextOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  return fail('CDKTF_CONTEXT_JSON is not a JSON object, as cdktf sets it');
}

const asked = setting('CELLSTAMP_CELL', 'cell');
/** The only cell; all cells where none is asked for, and to check the front against them. */
const only = asked === 'front' ? undefined : asked;
const folder = setting('CELLSTAMP_CELLS', 'cells') ?? 'cells';
const bucket = setting('CELLSTAMP_STATE_BUCKET', 'stateBucket');
const region = setting('CELLSTAMP_STATE_REGION', 'stateRegion');
if (bucket !== undefined && region === undefined) {
  fail(`CELLSTAMP_STATE_BUCKET is ${bucket}, but CELLSTAMP_STATE_REGION does not say in which region it is`);
}

const outdir = process.env['CDKTF_OUTDIR'] ?? 'cdktf.out';
if (existsSync(outdir) && !statSync(outdir).isDirectory()) fail(`CDKTF_OUTDIR is ${outdir}, which is not a folder`);

const { files, findings: unreadable } = readCellFolder(folder, 'CELLSTAMP_CELLS');
const { cells, front, findings: found } = loadFleet(files, only === undefined ? {} : { only });
const findings = [...unreadable, ...found];
const errors = findings.filter((finding) => finding.severity === 'error');
if (errors.length > 0) fail(...findings.map(formatFinding));
for (const finding of findings) console.error(formatFinding(finding));

if (only !== undefined && cells.length === 0) {
  fail(
    `there is no cell ${only} in ${folder}/; there are ${
      files
        .map(({ path }) => parse(path).name)
        .filter((name) => name !== 'front')
        .join(', ') || 'none'
    }`,
  );
}
if (only !== undefined && !isOnAws(cells[0]!)) {
  fail(
    `the cell ${only} is not on AWS, so there is no stack of it; allowed: a cell with the section aws, which may be aws: {}`,
  );
}
if (asked === 'front' && front === undefined) fail(`there is no front in ${folder}/; allowed: a file front.yaml`);
if (asked === 'front' && !isOnAws(front!)) {
  fail('the front is not on AWS, so there is no stack of it; allowed: a front with the section aws');
}
const standing = cells.filter((cell) => cell.state !== 'planned' && isOnAws(cell));
if (only !== undefined && standing.length === 0) fail(`the cell ${only} is planned, so there is nothing to build yet`);

await synthesise({
  specs: asked === 'front' ? [] : standing,
  ...(front && isOnAws(front) ? { front } : {}),
  frontStack: only === undefined,
  outdir,
  ...(bucket !== undefined && region !== undefined ? { state: { bucket, region } } : {}),
});
