/** Checks one cell's file. */
import { cellFile, type CellSpec } from './schema/cell.ts';
import type { Source } from '../config-file/source.ts';
import { checkFile, type SpecCheck } from '../config-file/spec-file.ts';

export function checkCell(source: Source): SpecCheck<CellSpec> {
  return checkFile(source, cellFile);
}
