/** Checks one cell's file. */
import { cellFile, type CellSpec } from './cell.ts';
import type { Source } from './source.ts';
import { checkFile, type SpecCheck } from './spec-file.ts';

export function checkCell(source: Source): SpecCheck<CellSpec> {
  return checkFile(source, cellFile);
}
