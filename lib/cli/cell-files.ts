/** The files of a fleet on this machine. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deriveCell, type Cell } from '../cell/cell.ts';
import { deriveFront, type Front } from '../front/front.ts';
import type { CellSpec } from '../spec/cell.ts';
import { formatFinding, type Finding } from '../spec/finding.ts';
import { loadFleet, type FleetFile } from '../spec/fleet.ts';
import { CommandFailure } from './failure.ts';

/** The option that every command takes which reads the fleet. */
export const cellsOption = ['--cells <folder>', 'folder of the cells', 'cells'] as const;

/** @throws CommandFailure when there is no such folder */
export function readCellFiles(folder: string): readonly FleetFile[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new CommandFailure(`there is no folder ${folder}; give the folder of the cells with --cells`, 2);
  }
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
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
  const { front, cells, findings } = loadFleet(readCellFiles(folder));
  refuseErrors(findings);
  if (front === undefined) throw new CommandFailure(`there is no front (front.yaml) in ${folder}`, 2);
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
  return { front: deriveFront(front), cells: specs.map(deriveCell) };
}

/**
 * Cells of a fleet; warnings are for `check` to tell.
 * @param names of cells, each checked against the rest of the fleet; none: all
 * @throws CommandFailure when one is not there, or something is wrong with it
 */
export function readCells(folder: string, names: readonly string[]): readonly CellSpec[] {
  if (names.length > 0) return [...new Set(names)].map((name) => readCell(folder, name).spec);
  const { cells, findings } = loadFleet(readCellFiles(folder));
  refuseErrors(findings);
  if (cells.length === 0) throw new CommandFailure(`there are no cells (*.yaml) in ${folder}`, 2);
  return cells;
}

/**
 * One cell, checked against the rest of its fleet; warnings are for `check` to tell.
 * @throws CommandFailure when it is not there, or something is wrong with it
 */
export function readCell(folder: string, name: string): Cell {
  const files = readCellFiles(folder);
  const { cells, findings } = loadFleet(files, { only: name });
  refuseErrors(findings);
  const [spec] = cells;
  if (spec === undefined) {
    const names = files.map(({ path }) => path.replace(/^.*\/|\.ya?ml$/g, '')).filter((other) => other !== 'front');
    throw new CommandFailure(`there is no cell ${name} in ${folder}; there are ${names.join(', ') || 'none'}`, 2);
  }
  return deriveCell(spec);
}

function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new CommandFailure(errors.map(formatFinding).join('\n'), 1);
}
