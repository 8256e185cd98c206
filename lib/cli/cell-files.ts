/** The files of a fleet on this machine. */
import { deriveCell, type Cell } from '../fleet/derive/cell.ts';
import { suggestion } from '../config-file/allowed.ts';
import { readCellFolder } from '../config-file/cell-folder.ts';
import { deriveFront, type Front } from '../fleet/derive/front.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { compareFindings, formatFinding, type Finding } from '../config-file/finding.ts';
import { loadFleet, type Fleet, type FleetFile, type FleetOptions } from '../fleet/fleet.ts';
import { CommandFailure } from './failure.ts';

/** The option that every command takes which reads the fleet. */
export const cellsOption = ['--cells <folder>', 'folder of the cells', 'cells'] as const;

/**
 * The fleet of a folder, with everything that is wrong in it.
 * @throws CommandFailure when the folder has no cells
 */
export function readFleet(
  folder: string,
  options: FleetOptions = {},
): Fleet & { readonly files: readonly FleetFile[] } {
  const { files, findings: unreadable } = readCellFolder(folder);
  if (files.length === 0) refuseErrors(unreadable);
  const fleet = loadFleet(files, options);
  const { only } = options;
  const concerns = ({ file }: Finding) => only === undefined || [only, 'front'].includes(stem(file));
  const findings = [...fleet.findings, ...unreadable.filter(concerns)].sort(compareFindings);
  return { ...fleet, files, findings };
}

/** A fleet with a front. @throws CommandFailure when it has none, or something is wrong with it */
export function readWholeFleet(folder: string): { readonly front: Front; readonly cells: readonly CellSpec[] } {
  const { front, cells, findings } = readFleet(folder);
  refuseErrors(findings);
  if (front === undefined) throw new CommandFailure(`there is no front (front.yaml) in ${folder}`, 2);
  return { front: deriveFront(front), cells };
}

/**
 * The front and the cells that are to be attached to it, of a fleet without errors.
 * @param names of cells; none: all of the size test, which run on a laptop
 * @throws CommandFailure when one is not there, or something is wrong with the fleet
 */
export function readFront(
  folder: string,
  names: readonly string[],
): { readonly front: Front; readonly cells: readonly Cell[] } {
  const { front, cells } = readWholeFleet(folder);
  const chosen = names.length === 0 ? cells.filter(({ size }) => size === 'test').map(({ name }) => name) : names;
  if (chosen.length === 0) throw new CommandFailure(`there is no cell of size test in ${folder}; name the cells`, 2);
  const specs = chosen.map((name) => {
    const spec = cells.find((cell) => cell.name === name);
    if (spec) return spec;
    throw new CommandFailure(
      `there is no cell ${name} in ${folder}; there are ${cells.map((cell) => cell.name).join(', ')}`,
      2,
    );
  });
  return { front, cells: specs.map((spec) => deriveCell(spec)) };
}

/**
 * Cells of a fleet; warnings are for `check` to tell.
 * @param names of cells, each checked against the rest of the fleet; none: all
 * @throws CommandFailure when one is not there, or something is wrong with it
 */
export function readCells(folder: string, names: readonly string[]): readonly CellSpec[] {
  if (names.length > 0) return [...new Set(names)].map((name) => readCell(folder, name).spec);
  const { cells, findings } = readFleet(folder);
  refuseErrors(findings);
  if (cells.length === 0) throw new CommandFailure(`there are no cells (*.yaml) in ${folder}`, 2);
  return cells;
}

/**
 * One cell, checked against the rest of its fleet; warnings are for `check` to tell.
 * @throws CommandFailure when it is not there, or something is wrong with it
 */
export function readCell(folder: string, name: string): Cell {
  const { files, cells, findings } = readFleet(folder, { only: name });
  refuseErrors(findings);
  const [spec] = cells;
  if (spec === undefined) {
    const names = files.map(({ path }) => stem(path)).filter((other) => other !== 'front');
    const known = names.join(', ') || 'none';
    throw new CommandFailure(`there is no cell ${name} in ${folder}${suggestion(name, names)}; there are ${known}`, 2);
  }
  return deriveCell(spec);
}

/**
 * The cell that has a tenant, checked against the rest of its fleet.
 * @throws CommandFailure when no cell has it, or something is wrong with the cell
 */
export function readTenantsCell(folder: string, tenant: string): Cell {
  const { cells } = readFleet(folder);
  const home = cells.find(({ tenants }) => tenants.some(({ name }) => name === tenant));
  if (home !== undefined) return readCell(folder, home.name);
  const names = cells.flatMap(({ tenants }) => tenants.map(({ name }) => name)).sort();
  throw new CommandFailure(
    `no cell in ${folder} has a tenant ${tenant}${suggestion(tenant, names)}; there are ${names.join(', ') || 'none'}`,
    2,
  );
}

const stem = (path: string): string => path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');

/** @throws CommandFailure when there are errors among the findings */
function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new CommandFailure(errors.map(formatFinding).join('\n'), 2);
}
