/** Checks the front's file. */
import { frontFile, type FrontSpec } from './schema/front.ts';
import type { Source } from '../config-file/source.ts';
import { checkFile, type SpecCheck } from '../config-file/spec-file.ts';

export function checkFront(source: Source): SpecCheck<FrontSpec> {
  return checkFile(source, frontFile);
}
