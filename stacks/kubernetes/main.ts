/**
 * The Pulumi program: a stack for every file in `cells/` with a section `kubernetes`, `cell-NAME`, each with its own state. `Pulumi.yaml` is
 * beside it, so `pulumi up -s cell-NAME` in this folder runs it.
 *
 * CELLSTAMP_CELLS names the folder of the cells' files; `cells` of the project by default.
 */
import { join } from 'node:path';
import { getStack, RunError } from '@pulumi/pulumi';
import { readCellFolder } from '../../lib/config-file/cell-folder.ts';
import { formatFinding } from '../../lib/config-file/finding.ts';
import { loadFleet } from '../../lib/fleet/fleet.ts';
import type { CellSpec } from '../../lib/fleet/schema/cell.ts';
import { isOnKubernetes } from '../../lib/fleet/schema/targets/on-kubernetes.ts';
import { VoipCell } from '../../lib/targets/kubernetes/voip-cell.ts';

/** Pulumi runs a program in the folder of its Pulumi.yaml. */
const folder = process.env['CELLSTAMP_CELLS'] ?? join('..', '..', 'cells');

function fail(...lines: readonly string[]): never {
  throw new RunError(lines.join('\n'));
}

function cellOf(stack: string): CellSpec {
  const [, name] = /^cell-(.+)$/.exec(stack) ?? [];
  if (name === undefined)
    fail(`the stack ${stack} is none of a cell; allowed: cell-NAME, with a file NAME.yaml in ${folder}`);
  const { files, findings: unreadable } = readCellFolder(folder, 'CELLSTAMP_CELLS');
  const { cells, findings: found } = loadFleet(files, { only: name });
  const findings = [...unreadable, ...found];
  if (findings.some(({ severity }) => severity === 'error')) fail(...findings.map(formatFinding));
  for (const finding of findings) console.error(formatFinding(finding));
  const [spec] = cells;
  if (spec === undefined || !isOnKubernetes(spec)) {
    const onKubernetes = loadFleet(files).cells.filter(isOnKubernetes);
    fail(
      `there is no cell ${name} with a section kubernetes in ${folder}; there are ${onKubernetes.map((cell) => cell.name).join(', ') || 'none'}`,
    );
  }
  if (spec.state === 'planned') fail(`the cell ${name} is planned, so there is nothing to build yet`);
  return spec;
}

const spec = cellOf(getStack());
const cell = new VoipCell(spec.name, { spec });

export const { namespace, nodes } = cell;
