/** Checks the front's file. */
import { frontFile, type FrontSpec } from './front.ts';
import type { Source } from './source.ts';
import { checkFile, type SpecCheck } from './spec-file.ts';

export function checkFront(source: Source): SpecCheck<FrontSpec> {
  return checkFile(source, frontFile);
}
