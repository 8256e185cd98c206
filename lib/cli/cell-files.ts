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
 * The fleet of a folder, with everything that is wrong in it: what is wrong is missing from the cells and the front.
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

/** The fleet of a folder; warnings are for `check` to tell. @throws CommandFailure when something is wrong with any of its files */
export function readSoundFleet(folder: string): Pick<Fleet, 'cells' | 'front'> {
  const { cells, front, findings } = readFleet(folder);
  refuseErrors(findings);
  return { cells, front };
}

/** A fleet with a front. @throws CommandFailure when it has none, or something is wrong with it */
export function readWholeFleet(folder: string): { readonly front: Front; readonly cells: readonly CellSpec[] } {
  const { front, cells } = readSoundFleet(folder);
  if (front === undefined) throw new CommandFailure(`there is no front (front.yaml) in ${folder}`, 2);
  return { front: deriveFront(front), cells };
}

/**
 * The front and the cells that are to be attached to it, of a fleet without errors.
 * @param names of cells; none: all of the size test, which run on a laptop
 * @throws CommandFailure for all that are not there, or when something is wrong with the fleet
 */
export function readFront(
  folder: string,
  names: readonly string[],
): { readonly front: Front; readonly cells: readonly Cell[] } {
  const { front, cells } = readWholeFleet(folder);
  const chosen = names.length === 0 ? cells.filter(({ size }) => size === 'test').map(({ name }) => name) : names;
  if (chosen.length === 0) throw new CommandFailure(`there is no cell of size test in ${folder}; name the cells`, 2);
  const known = cells.map(({ name }) => name);
  const specs = chosen.flatMap((name) => cells.find((cell) => cell.name === name) ?? []);
  refuse(chosen.filter((name) => !known.includes(name)).map((name) => noSuchCell(folder, name, known)));
  return { front, cells: specs.map((spec) => deriveCell(spec)) };
}

/**
 * Cells of a fleet; warnings are for `check` to tell.
 * @param names of cells, each checked against the rest of the fleet; none: all
 * @throws CommandFailure for all that are not there, and everything that is wrong with the others
 */
export function readCells(folder: string, names: readonly string[]): readonly CellSpec[] {
  const cells = names.length > 0 ? readNamed(folder, names) : readSoundFleet(folder).cells;
  if (cells.length === 0) throw new CommandFailure(`there are no cells (*.yaml) in ${folder}`, 2);
  return cells;
}

/**
 * One cell, checked against the rest of its fleet; warnings are for `check` to tell.
 * @throws CommandFailure when it is not there, or something is wrong with it
 */
export function readCell(folder: string, name: string): Cell {
  return deriveCell(readNamed(folder, [name])[0]!);
}

function readNamed(folder: string, names: readonly string[]): readonly CellSpec[] {
  const problems: string[] = [];
  const specs = [...new Set(names)].flatMap((name) => {
    const { files, cells, findings } = readFleet(folder, { only: name });
    const errors = errorsOf(findings);
    const known = files.map(({ path }) => stem(path)).filter((other) => other !== 'front');
    problems.push(...errors);
    if (errors.length === 0 && cells.length === 0) problems.push(noSuchCell(folder, name, known));
    return cells;
  });
  refuse(problems);
  return specs;
}

function noSuchCell(folder: string, name: string, known: readonly string[]): string {
  return `there is no cell ${name} in ${folder}${suggestion(name, known)}; there are ${known.join(', ') || 'none'}`;
}

/**
 * The cell that has a tenant, checked against the rest of its fleet.
 * @throws CommandFailure when something is wrong with the cell, or no cell has it; with everything that is wrong in the fleet, as a wrong file may have it
 */
export function readTenantsCell(folder: string, tenant: string): Cell {
  const { cells, findings } = readFleet(folder);
  const home = cells.find(({ tenants }) => tenants.some(({ name }) => name === tenant));
  if (home !== undefined) return readCell(folder, home.name);
  refuseErrors(findings);
  const names = cells.flatMap(({ tenants }) => tenants.map(({ name }) => name)).sort();
  throw new CommandFailure(
    `no cell in ${folder} has a tenant ${tenant}${suggestion(tenant, names)}; there are ${names.join(', ') || 'none'}`,
    2,
  );
}

const stem = (path: string): string => path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');

/** @throws CommandFailure when there are errors among the findings */
const refuseErrors = (findings: readonly Finding[]): void => refuse(errorsOf(findings));

const errorsOf = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ severity }) => severity === 'error').map(formatFinding);

/** @throws CommandFailure with each of the problems once */
function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new CommandFailure([...new Set(problems)].join('\n'), 2);
}
