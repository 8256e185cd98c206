/**
 * The Pulumi program: a stack `cell-NAME` for every file in `cells/` with a section `kubernetes`, and `front-REGION` for the edges of each region
 * of such a front, each with its own state. `Pulumi.yaml` is beside it, so `pulumi up -s cell-NAME` in this folder runs it.
 *
 * CELLSTAMP_CELLS names the folder of the cells' files; `cells` of the project by default.
 */
import { join } from 'node:path';
import { getStack, RunError } from '@pulumi/pulumi';
import { readCellFolder } from '../../lib/config-file/cell-folder.ts';
import { formatFinding } from '../../lib/config-file/finding.ts';
import { loadFleet, type Fleet } from '../../lib/fleet/fleet.ts';
import { isFrontOnKubernetes } from '../../lib/fleet/schema/targets/kubernetes-front.ts';
import { isOnKubernetes } from '../../lib/fleet/schema/targets/on-kubernetes.ts';
import { EdgePool } from '../../lib/targets/kubernetes/edge-pool.ts';
import { VoipCell } from '../../lib/targets/kubernetes/voip-cell.ts';

/** Pulumi runs a program in the folder of its Pulumi.yaml. */
const folder = process.env['CELLSTAMP_CELLS'] ?? join('..', '..', 'cells');

function fail(...lines: readonly string[]): never {
  throw new RunError(lines.join('\n'));
}

/** @param only name of the one cell that is wanted */
function fleet(only?: string): Fleet {
  const { files, findings: unreadable } = readCellFolder(folder, 'CELLSTAMP_CELLS');
  const { findings: found, ...rest } = loadFleet(files, only === undefined ? {} : { only });
  const findings = [...unreadable, ...found];
  if (findings.some(({ severity }) => severity === 'error')) fail(...findings.map(formatFinding));
  for (const finding of findings) console.error(formatFinding(finding));
  return { ...rest, findings };
}

function cell(name: string): VoipCell {
  const [spec] = fleet(name).cells;
  if (spec === undefined || !isOnKubernetes(spec)) {
    const names = fleet()
      .cells.filter(isOnKubernetes)
      .map((one) => one.name);
    fail(`there is no cell ${name} with a section kubernetes in ${folder}; there are ${names.join(', ') || 'none'}`);
  }
  if (spec.state === 'planned') fail(`the cell ${name} is planned, so there is nothing to build yet`);
  return new VoipCell(spec.name, { spec });
}

function edges(region: string): EdgePool {
  const { front } = fleet();
  if (front === undefined || !isFrontOnKubernetes(front)) {
    fail(`there is no front (front.yaml) with a section kubernetes in ${folder}`);
  }
  const regions = front.regions.map((entry) => entry.region);
  if (!regions.includes(region)) fail(`${region} is not a region of the front; there are ${regions.join(', ')}`);
  return new EdgePool(`${front.name}-${region}`, { spec: front, region });
}

function build(stack: string): VoipCell | EdgePool {
  const [, kind, name] = /^(cell|front)-(.+)$/.exec(stack) ?? [];
  if (name !== undefined) return kind === 'cell' ? cell(name) : edges(name);
  return fail(
    `the stack ${stack} is none of a cell or of the front; allowed: cell-NAME, with a file NAME.yaml in ${folder}, or front-REGION`,
  );
}

export const { namespace, nodes } = build(getStack());
